// Numbers as people read them.

/** Bytes in units of 1024: `640 MB`, `1.3 GB`. */
export function bytes(count) {
  const units = ["B", "KB", "MB", "GB", "TB"];
  let unit = 0;
  let value = count;
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1024;
    unit++;
  }
  return (value < 10 && unit ? value.toFixed(1) : Math.round(value)) + " " + units[unit];
}
