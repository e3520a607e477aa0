package dev.sluice.bridge.observe;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Optional;
import org.junit.jupiter.api.Test;

/// Goal: W3C Trace Context level 1: what is valid is continued, what is not begins a new trace.
final class TraceContextTest {
    private static final String TRACE = "0af7651916cd43dd8448eb211c80319c";
    private static final String SPAN = "b7ad6b7169203331";

    private static TraceContext of(String parent, String state) {
        return TraceContext.of(Optional.of(parent), Optional.of(state));
    }

    @Test
    void validOnesAreContinued() {
        for (String parent : new String[] {"00-" + TRACE + "-" + SPAN + "-01",
                " 00-" + TRACE + "-" + SPAN + "-01\t", "01-" + TRACE + "-" + SPAN + "-01",
                "cc-" + TRACE + "-" + SPAN + "-01-what-comes-later"}) {
            TraceContext context = of(parent, "rojo=00f067aa0ba902b7, congo@x=t61 ,,a=b c");
            assertEquals(TRACE, context.traceId(), parent);
            assertEquals(SPAN, context.parentId());
            assertNotEquals(SPAN, context.spanId());
            assertEquals("rojo=00f067aa0ba902b7, congo@x=t61 ,,a=b c", context.state());
            assertEquals("00-" + TRACE + "-" + context.spanId() + "-01", context.traceparent());
        }
    }

    @Test
    void brokenOnesBeginANewTrace() {
        for (String parent : new String[] {"", "00", "ff-" + TRACE + "-" + SPAN + "-01",
                "00-" + TRACE + "-" + SPAN + "-01-more", "00-" + TRACE + "-" + SPAN,
                "00-" + "0".repeat(32) + "-" + SPAN + "-01",
                "00-" + TRACE + "-" + "0".repeat(16) + "-01",
                "00-" + TRACE.toUpperCase(java.util.Locale.ROOT) + "-" + SPAN + "-01",
                "00-" + TRACE + "-" + SPAN + "-0x", "0-" + TRACE + "-" + SPAN + "-01",
                "cc-" + TRACE + "-" + SPAN + "-01.later"}) {
            TraceContext context = of(parent, "a=1");
            assertNotEquals(TRACE, context.traceId(), parent);
            assertTrue(context.traceId().matches("[0-9a-f]{32}"));
            assertEquals("", context.parentId());
            assertEquals("", context.state());
        }
    }

    @Test
    void aBrokenStateIsDroppedAlone() {
        for (String state : new String[] {"=1", "a", "A=1", "a=1,a=2", "a=\u0007", "a=1=2",
                "a=" + "x".repeat(257), "k=1,".repeat(2) + "b=" + "y", ",".repeat(40)}) {
            TraceContext context = of("00-" + TRACE + "-" + SPAN + "-00", state);
            assertEquals(TRACE, context.traceId());
            assertEquals("", context.state(), state);
        }
    }
}
