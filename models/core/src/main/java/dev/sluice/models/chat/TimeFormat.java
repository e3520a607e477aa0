package dev.sluice.models.chat;

import java.time.LocalDateTime;
import java.time.format.TextStyle;
import java.time.temporal.IsoFields;
import java.util.Locale;

/// `strftime` in the C locale for a time without a zone.
final class TimeFormat {
    private TimeFormat() { }

    static String format(Rendering run, LocalDateTime time, String format) {
        var out = new StringBuilder();
        for (int i = 0; i < format.length(); i++) {
            char c = format.charAt(i);
            if (c != '%') {
                out.append(c);
                continue;
            }
            boolean plain = i + 1 < format.length() && format.charAt(i + 1) == '-';
            i += plain ? 2 : 1;
            if (i >= format.length()) {
                throw run.fault("a time format ends in %");
            }
            out.append(plain ? unpadded(field(run, time, format.charAt(i)))
                    : field(run, time, format.charAt(i)));
        }
        return out.toString();
    }

    private static String unpadded(String field) {
        String stripped = field.replaceFirst("^[0 ]+", "");
        return stripped.isEmpty() ? "0" : stripped;
    }

    private static String field(Rendering run, LocalDateTime time, char letter) {
        return switch (letter) {
            case 'Y' -> String.valueOf(time.getYear());
            case 'y' -> two(time.getYear() % 100);
            case 'm' -> two(time.getMonthValue());
            case 'd' -> two(time.getDayOfMonth());
            case 'e' -> String.format("%2d", time.getDayOfMonth());
            case 'H' -> two(time.getHour());
            case 'I' -> two((time.getHour() + 11) % 12 + 1);
            case 'M' -> two(time.getMinute());
            case 'S' -> two(time.getSecond());
            case 'f' -> String.format("%06d", time.getNano() / 1000);
            case 'j' -> String.format("%03d", time.getDayOfYear());
            case 'p' -> time.getHour() < 12 ? "AM" : "PM";
            case 'A' -> time.getDayOfWeek().getDisplayName(TextStyle.FULL, Locale.ENGLISH);
            case 'a' -> time.getDayOfWeek().getDisplayName(TextStyle.SHORT, Locale.ENGLISH);
            case 'B' -> time.getMonth().getDisplayName(TextStyle.FULL, Locale.ENGLISH);
            case 'b', 'h' -> time.getMonth().getDisplayName(TextStyle.SHORT, Locale.ENGLISH);
            case 'u' -> String.valueOf(time.getDayOfWeek().getValue());
            case 'w' -> String.valueOf(time.getDayOfWeek().getValue() % 7);
            case 'V' -> two(time.get(IsoFields.WEEK_OF_WEEK_BASED_YEAR));
            case 'G' -> String.valueOf(time.get(IsoFields.WEEK_BASED_YEAR));
            case 'C' -> two(time.getYear() / 100);
            case 'F' -> format(run, time, "%Y-%m-%d");
            case 'T', 'X' -> format(run, time, "%H:%M:%S");
            case 'R' -> format(run, time, "%H:%M");
            case 'D', 'x' -> format(run, time, "%m/%d/%y");
            case 'c' -> format(run, time, "%a %b %e %H:%M:%S %Y");
            case 'r' -> format(run, time, "%I:%M:%S %p");
            case 'U' -> two((time.getDayOfYear() + 6 - time.getDayOfWeek().getValue() % 7) / 7);
            case 'W' -> two((time.getDayOfYear() + 7 - time.getDayOfWeek().getValue()) / 7);
            case 'Z', 'z' -> "";
            case 'n' -> "\n";
            case 't' -> "\t";
            case '%' -> "%";
            default -> throw run.fault("the time format '%" + letter + "' is not supported");
        };
    }

    private static String two(int value) {
        return value < 10 ? "0" + value : String.valueOf(value);
    }
}
