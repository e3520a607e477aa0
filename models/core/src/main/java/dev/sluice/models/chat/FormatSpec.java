package dev.sluice.models.chat;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.math.MathContext;
import java.math.RoundingMode;
import java.util.Locale;

/// One conversion of `%` or of `str.format`: how wide, how precise, in which notation.
/// `sign` is `+`, space or `-`; `precision` is -1 and `type` is 0 when none is given.
record FormatSpec(Padding padding, char sign, boolean alternate, char grouping, int precision,
                  char type) {
    /// `align` is `<`, `>`, `^`, `=` or 0 for the type's own.
    record Padding(String fill, char align, int width) {
        char alignOr(char own) { return align == 0 ? own : align; }
    }

    /// A wider or more precise conversion is hostile.
    static final int SIZE_MAX = 10_000;

    String text(Rendering run, String text) {
        String cut = precision >= 0 && precision < text.codePointCount(0, text.length())
                ? text.substring(0, text.offsetByCodePoints(0, precision)) : text;
        return aligned(run, "", cut, padding.alignOr('<'));
    }

    String number(Rendering run, Object number) {
        boolean integral = type == 0 ? Numbers.isInteger(number) : "dbcoxX".indexOf(type) >= 0;
        if (integral && !Numbers.isInteger(number)) {
            throw run.fault("the format '" + type + "' needs an integer, got "
                    + Values.typeName(number));
        }
        boolean negative = integral ? Numbers.big(number).signum() < 0
                : Double.compare(Numbers.real(number), 0) < 0 && !Numbers.isNaN(number);
        String prefix = negative ? "-" : sign == '-' ? "" : String.valueOf(sign);
        String digits = integral ? integer(Numbers.big(number).abs())
                : real(Math.abs(Numbers.real(number)));
        if (integral && alternate && "xXob".indexOf(type) >= 0) {
            prefix += "0" + type;
        }
        String body = grouping == 0 ? digits : grouped(digits);
        boolean groupsZeros = grouping != 0 && padding.align == '='
                && padding.fill.equals("0");
        if (groupsZeros && prefix.length() + body.length() < padding.width) {
            throw run.fault("a format with grouped leading zeros is not supported");
        }
        return aligned(run, prefix, body, padding.alignOr('>'));
    }

    /// A precision is the least number of digits.
    private String integer(BigInteger size) {
        String digits = digits(size);
        return "0".repeat(Math.max(0, precision - digits.length())) + digits;
    }

    private String digits(BigInteger size) {
        return switch (type) {
            case 'x' -> size.toString(16);
            case 'X' -> size.toString(16).toUpperCase(Locale.ROOT);
            case 'o' -> size.toString(8);
            case 'b' -> size.toString(2);
            case 'c' -> Character.toString(size.intValue());
            default -> size.toString();
        };
    }

    private String real(double size) {
        char kind = Character.toLowerCase(type);
        String text;
        if (Double.isNaN(size) || Double.isInfinite(size)) {
            text = Double.isNaN(size) ? "nan" : "inf";
        } else if (type == 0 && precision < 0) {
            text = Printing.real(size);
        } else {
            int digits = precision < 0 ? 6 : precision;
            BigDecimal exact = new BigDecimal(size);
            text = switch (kind) {
                case 'e' -> scientific(exact, digits, false);
                case 'f' -> fixed(exact, digits);
                case '%' -> fixed(exact.movePointRight(2), digits) + "%";
                default -> general(exact, Math.max(1, digits));
            };
        }
        return Character.isUpperCase(type) ? text.toUpperCase(Locale.ROOT) : text;
    }

    private static String fixed(BigDecimal size, int digits) {
        return size.setScale(digits, RoundingMode.HALF_EVEN).toPlainString();
    }

    private static String scientific(BigDecimal size, int digits, boolean strips) {
        if (size.signum() == 0) {
            return fixed(BigDecimal.ZERO, strips ? 0 : digits) + "e+00";
        }
        BigDecimal rounded = size.round(new MathContext(digits + 1, RoundingMode.HALF_EVEN));
        int exponent = rounded.precision() - rounded.scale() - 1;
        BigDecimal mantissa = rounded.movePointLeft(exponent);
        String text = strips ? mantissa.stripTrailingZeros().toPlainString()
                : mantissa.setScale(digits, RoundingMode.UNNECESSARY).toPlainString();
        return text + Printing.exponent(exponent);
    }

    /// Notation `g`; without a type, at least one digit after the point stays.
    private String general(BigDecimal size, int digits) {
        if (size.signum() == 0) {
            return type != 0 ? "0" : digits > 1 ? "0.0" : "0e+00";
        }
        BigDecimal rounded = size.round(new MathContext(digits, RoundingMode.HALF_EVEN));
        int exponent = rounded.precision() - rounded.scale() - 1;
        if (exponent < -4 || exponent >= (type == 0 ? digits - 1 : digits)) {
            return scientific(size, digits - 1, true);
        }
        String plain = rounded.stripTrailingZeros().toPlainString();
        return type == 0 && !plain.contains(".") ? plain + ".0" : plain;
    }

    private String grouped(String digits) {
        int point = 0;
        while (point < digits.length() && Character.isDigit(digits.charAt(point))) {
            point++;
        }
        var out = new StringBuilder(digits);
        for (int i = point - 3; i > 0; i -= 3) {
            out.insert(i, grouping);
        }
        return out.toString();
    }

    private String aligned(Rendering run, String prefix, String body, char side) {
        String fill = padding.fill;
        int width = padding.width;
        return switch (side) {
            case '<' -> TextPadding.padded(run, prefix + body, width, fill, 'l');
            case '>' -> TextPadding.padded(run, prefix + body, width, fill, 'r');
            case '=' -> prefix
                    + TextPadding.padded(run, body, width - prefix.length(), fill, 'r');
            default -> centred(run, prefix + body);
        };
    }

    /// Unlike `str.center`, a format puts the odd character to the right.
    private String centred(Rendering run, String text) {
        String fill = padding.fill;
        int missing = padding.width - text.codePointCount(0, text.length());
        if (missing <= 0) {
            return text;
        }
        run.makes(padding.width);
        return fill.repeat(missing / 2) + text + fill.repeat(missing - missing / 2);
    }
}
