package dev.sluice.runtime.grammar.schema;

import java.util.Map;
import java.util.Optional;
import java.util.Set;

/// The formats of strings that are regular, as expressions for the whole text. They never take what
/// is wrong. Left out are rare forms that nobody asks a model for: leap seconds, coded
/// internationalised host names, addresses in place of the host of an e-mail address.
final class Formats {
    private static final String YEAR_DAY = dates();
    private static final String HOUR = "(?:[01][0-9]|2[0-3])";
    private static final String SECONDS = ":[0-5][0-9]:[0-5][0-9](?:\\.[0-9]+)?";
    private static final String ZONE = "(?:[Zz]|[+-]" + HOUR + ":[0-5][0-9])";
    private static final String TIME = HOUR + SECONDS + ZONE;
    private static final String BYTE = "(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])";
    private static final String IPV4 = "(?:" + BYTE + "\\.){3}" + BYTE;
    /// RFC 1123. Labels with hyphens in third and fourth place are coded (RFC 5890), which can not
    /// be checked here, so they are left out.
    private static final String END = "[A-Za-z0-9]";
    private static final String INNER = "[A-Za-z0-9-]";
    private static final String LABEL = END + "(?:" + INNER + "?" + END + "|" + INNER + "{2}" + END
            + "|" + INNER + "(?:" + END + INNER + "|-" + END + ")" + INNER + "{0,58}" + END + ")?";
    private static final String HOST = LABEL + "(?:\\." + LABEL + ")*";
    private static final String HEX = "[0-9A-Fa-f]";
    private static final String ATOM = "[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+";
    /// RFC 3986: pchar without percent signs, and percent-encoded bytes.
    private static final String URI_CHARACTER =
            "(?:[A-Za-z0-9._~!$&'()*+,;=:@-]|%" + HEX + HEX + ")";
    private static final String URI_TAIL = "(?:/" + URI_CHARACTER + "*)*(?:\\?(?:" + URI_CHARACTER
            + "|[/?])*)?(?:#(?:" + URI_CHARACTER + "|[/?])*)?";
    private static final String AUTHORITY = "//(?:(?:[A-Za-z0-9._~!$&'()*+,;=:-]|%" + HEX + HEX
            + ")*@)?(?:\\[" + ipv6() + "\\]|(?:[A-Za-z0-9._~!$&'()*+,;=-]|%" + HEX + HEX
            + ")*)(?::[0-9]*)?";
    private static final String URI = "[A-Za-z][A-Za-z0-9+.-]*:(?:" + AUTHORITY + URI_TAIL
            + "|/?(?:" + URI_CHARACTER + "+" + URI_TAIL + ")?"
            + "|(?:\\?(?:" + URI_CHARACTER + "|[/?])*)?(?:#(?:" + URI_CHARACTER + "|[/?])*)?)";

    private static final Map<String, String> EXPRESSIONS = Map.of(
            "date", YEAR_DAY,
            "time", TIME,
            "date-time", YEAR_DAY + "[Tt]" + TIME,
            "duration", "P(?:[0-9]+W|" + duration() + ")",
            "email", "(?:" + ATOM + "(?:\\." + ATOM + ")*|\"(?:[ !#-\\[\\]-~]|\\\\[ -~])*\")@"
                    + HOST,
            "hostname", HOST,
            "ipv4", IPV4,
            "ipv6", ipv6(),
            "uuid", HEX + "{8}-(?:" + HEX + "{4}-){3}" + HEX + "{12}",
            "uri", URI);

    /// Formats of the specification that are not regular, or not worth their size.
    private static final Set<String> UNSUPPORTED = Set.of("idn-email", "idn-hostname", "iri",
            "iri-reference", "uri-reference", "uri-template", "relative-json-pointer", "regex");

    private Formats() { }

    static boolean isUnsupported(String format) { return UNSUPPORTED.contains(format); }

    /// The most characters, where that is not part of the expression (RFC 1035 section 3.1).
    static int longest(String format) {
        return format.equals("hostname") ? 253 : Integer.MAX_VALUE;
    }

    static Optional<String> expression(String format) {
        if (format.equals("json-pointer")) {
            return Optional.of("(?:/(?:[^~/]|~[01])*)*");
        }
        return Optional.ofNullable(EXPRESSIONS.get(format));
    }

    /// RFC 3339 full-date: the days that each month has, leap years by the Gregorian rule.
    private static String dates() {
        String day28 = "(?:0[1-9]|1[0-9]|2[0-8])";
        String usual = "(?:0[13-9]|1[0-2])-(?:29|30)|(?:0[13578]|1[02])-31|(?:0[1-9]|1[0-2])-"
                + day28;
        String fourth = "(?:0[48]|[2468][048]|[13579][26])";
        String leap = "(?:[0-9]{2}" + fourth + "|" + "(?:00|" + fourth + ")00)";
        return "(?:[0-9]{4}-(?:" + usual + ")|" + leap + "-02-29)";
    }

    /// ISO 8601 as RFC 3339 appendix A has it: units in order, without gaps.
    private static String duration() {
        String time = "T(?:[0-9]+H(?:[0-9]+M(?:[0-9]+S)?)?|[0-9]+M(?:[0-9]+S)?|[0-9]+S)";
        String date = "(?:[0-9]+Y(?:[0-9]+M(?:[0-9]+D)?)?|[0-9]+M(?:[0-9]+D)?|[0-9]+D)";
        return date + "(?:" + time + ")?|" + time;
    }

    /// RFC 4291 section 2.2: eight groups, or fewer with one `::`, the last two maybe as IPv4.
    private static String ipv6() {
        String group = "[0-9A-Fa-f]{1,4}";
        String last = "(?:" + group + ":" + group + "|" + IPV4 + ")";
        var forms = new StringBuilder("(?:(?:" + group + ":){6}" + last);
        for (int before = 0; before <= 7; before++) {
            String head = before == 0 ? "" : group + (before > 1
                    ? "(?::" + group + "){" + (before - 1) + "}" : "");
            forms.append('|').append(head).append("::").append(tail(7 - before, group, last));
        }
        return forms.append(')').toString();
    }

    /// At most `groups` groups after the `::`.
    private static String tail(int groups, String group, String last) {
        if (groups == 0) {
            return "";
        }
        String plain = "(?:" + group + "(?::" + group + "){0," + (groups - 1) + "})?";
        return groups < 2 ? plain : "(?:" + plain + "|(?:" + group + ":){0," + (groups - 2) + "}"
                + last + ")";
    }
}
