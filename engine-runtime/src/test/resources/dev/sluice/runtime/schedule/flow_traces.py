# Makes flow-traces.bin, the jobs of FlowTimeTest: python3 flow_traces.py (NumPy 2.4.6, PCG64).
# Ten traces of 400 programs, seeds 0 to 9, load 0.9: arrivals are a Poisson process; a program has
# 1 to 8 operations, one in ten programs long ones. Written in 1/1000 of a quantum, as varints:
# per program the time since the arrival before, the number of operations, then per operation its
# length and 1000 times the normal number (zigzag) by which its estimate is wrong.
import numpy as np

def varint(n, out):
    while n > 127:
        out.append(n & 127 | 128)
        n >>= 7
    out.append(n)

out = bytearray()
for seed in range(10):
    r = np.random.default_rng(seed)
    jobs = []
    for i in range(400):
        k = r.integers(1, 9)
        jobs.append(r.lognormal(3.2, 1.0, k) if r.random() < .1 else r.lognormal(1.2, .8, k))
    mean = np.mean([j.sum() for j in jobs])
    times = np.round(1000 * np.cumsum(r.exponential(mean / .9, 400))).astype(int)
    r = np.random.default_rng(1000 + seed)
    before = 0
    for time, job in zip(times, jobs):
        varint(int(time - before), out)
        before = time
        varint(len(job), out)
        for length, error in zip(job, np.round(1000 * r.normal(size=len(job))).astype(int)):
            varint(max(1, round(1000 * length)), out)
            varint(int(2 * error if error >= 0 else -2 * error - 1), out)
open('flow-traces.bin', 'wb').write(out)
