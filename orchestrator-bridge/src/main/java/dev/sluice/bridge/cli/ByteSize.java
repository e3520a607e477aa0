package dev.sluice.bridge.cli;

import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/// A number of bytes as a user writes and reads it; the units are powers of 1024.
record ByteSize(long bytes) {
    private static final Pattern TEXT = Pattern.compile("([0-9]{1,12})\\s*([kmgt]?)(i?b)?");
    private static final String UNITS = "kmgt";

    static final class Converter implements ITypeConverter<ByteSize> {
        @Override
        public ByteSize convert(String text) {
            Matcher matcher = TEXT.matcher(text.strip().toLowerCase(Locale.ROOT));
            if (!matcher.matches()) {
                throw new TypeConversionException(
                        "'%s' is not a size such as 800m or 4g".formatted(text));
            }
            int power = matcher.group(2).isEmpty() ? 0 : 1 + UNITS.indexOf(matcher.group(2));
            return new ByteSize(Math.multiplyExact(
                    Long.parseLong(matcher.group(1)), 1L << 10 * power));
        }
    }

    @Override
    public String toString() { return text(bytes); }

    /// Three significant digits at least: `1.25 GB`, `640 MB`, `17 bytes`.
    static String text(long bytes) {
        if (bytes < 1024) {
            return bytes + " bytes";
        }
        double value = bytes;
        int unit = -1;
        while (value >= 1000 && unit < UNITS.length() - 1) {
            value /= 1024;
            unit++;
        }
        String format = value < 10 ? "%.2f %sB" : value < 100 ? "%.1f %sB" : "%.0f %sB";
        return String.format(Locale.ROOT, format, value,
                String.valueOf(UNITS.charAt(unit)).toUpperCase(Locale.ROOT));
    }
}
