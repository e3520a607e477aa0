package dev.sluice.bridge.observe;

import java.util.HashSet;
import java.util.HexFormat;
import java.util.Optional;
import java.util.concurrent.ThreadLocalRandom;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// Where a request stands in its caller's trace, by W3C Trace Context level 1. What came is
/// validated; what is malformed begins a new trace, as the recommendation asks. Immutable.
///
/// @param traceId  32 hexadecimal digits, the same for everybody who works on one task
/// @param parentId 16 hexadecimal digits of the caller's span; empty for a new trace
/// @param spanId   16 hexadecimal digits of our own span
/// @param flags    2 hexadecimal digits, passed on as they came
/// @param state    of the vendors before us, passed on as it came; empty for none
public record TraceContext(
        String traceId, String parentId, String spanId, String flags, String state) {
    private static final Pattern PARENT =
            Pattern.compile("([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?");
    private static final Pattern MEMBER = Pattern.compile(
            "([a-z0-9][a-z0-9_\\-*/]{0,240}(?:@[a-z][a-z0-9_\\-*/]{0,13})?)"
            + "=[\\x20-\\x7e&&[^,=]]{1,256}");
    private static final int MEMBERS_MAX = 32;
    /// What vendors must be able to pass on is 512; more than this is no state but a load.
    private static final int STATE_MAX = 4096;

    /// From the headers `traceparent` and `tracestate`.
    public static TraceContext of(Optional<String> traceparent, Optional<String> tracestate) {
        Matcher parent = PARENT.matcher(traceparent.orElse("").strip());
        if (!parent.matches() || !isValid(parent)) {
            return new TraceContext(hex(32), "", hex(16), "00", "");
        }
        // Of later versions only the parts that version 00 has are known, and its own is passed on.
        return new TraceContext(parent.group(2), parent.group(3), hex(16), parent.group(4),
                tracestate.map(String::strip).filter(TraceContext::isValidState).orElse(""));
    }

    private static boolean isValid(Matcher parent) {
        String version = parent.group(1);
        boolean extended = parent.group(5) != null;
        return !version.equals("ff") && !(version.equals("00") && extended)
                && !isZero(parent.group(2)) && !isZero(parent.group(3));
    }

    private static boolean isZero(String digits) {
        return digits.chars().allMatch(c -> c == '0');
    }

    private static boolean isValidState(String state) {
        String[] members = state.split(",", -1);
        if (state.length() > STATE_MAX || members.length > MEMBERS_MAX) {
            return false;
        }
        var keys = new HashSet<String>();
        for (String each : members) {
            Matcher member = MEMBER.matcher(each.strip());
            if (!each.isBlank() && !(member.matches() && keys.add(member.group(1)))) {
                return false;
            }
        }
        return true;
    }

    private static String hex(int digits) {
        byte[] bytes = new byte[digits / 2];
        String made = "";
        while (made.isEmpty() || isZero(made)) {
            ThreadLocalRandom.current().nextBytes(bytes);
            made = HexFormat.of().formatHex(bytes);
        }
        return made;
    }

    /// The header that tells the next one of our span.
    public String traceparent() {
        return "00-%s-%s-%s".formatted(traceId, spanId, flags);
    }
}
