package dev.sluice.models.chat;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.util.List;
import java.util.Map;

/// Values as Python's `str` and `repr` write them.
final class Printing {
    private Printing() { }

    /// What `{{ value }}` prints. Methods and generators would print an address; they are errors.
    static String text(Rendering run, Object value) {
        return switch (value) {
            case String text -> text;
            case Markup(String text) -> text;
            case Undefined _ -> "";
            case null, default -> repr(run, value);
        };
    }

    static String repr(Rendering run, Object value) {
        var out = new StringBuilder();
        repr(run, value, out);
        run.makes(out.length());
        return out.toString();
    }

    private static void repr(Rendering run, Object value, StringBuilder out) {
        run.enter();
        int before = out.length();
        switch (value) {
            case null -> out.append("None");
            case Boolean b -> out.append(b ? "True" : "False");
            case Long l -> out.append(l.longValue());
            case BigInteger b -> out.append(b);
            case Double d -> out.append(real(d));
            case String text -> PythonText.quote(text, out);
            case Markup(String text) -> {
                out.append("Markup(");
                PythonText.quote(text, out);
                out.append(')');
            }
            case List<?> list -> elements(run, Values.objects(list), "[", "]", out);
            case Tuple(List<Object> list) ->
                    elements(run, list, "(", list.size() == 1 ? ",)" : ")", out);
            case Map<?, ?> map -> entries(run, map, out);
            case MapView(String method, List<Object> list) ->
                    elements(run, list, "dict_" + method + "([", "])", out);
            case NumberRange range -> out.append(range(range));
            case Namespace namespace -> {
                out.append("<Namespace ");
                entries(run, namespace.attributes(), out);
                out.append('>');
            }
            case Undefined _ -> out.append("Undefined");
            case LoopState loop -> out.append("<LoopContext ").append(loop.attribute("index"))
                    .append('/').append(loop.attribute("length")).append('>');
            case Macro macro -> {
                out.append("<Macro ");
                PythonText.quote(macro.name(), out);
                out.append('>');
            }
            default -> throw run.fault("printing a value of type '" + Values.typeName(value)
                    + "' is not supported");
        }
        run.steps((out.length() - before) / 8);
        run.leave();
    }

    private static String range(NumberRange range) {
        String bounds = "range(" + range.start() + ", " + range.stop();
        return range.step() == 1 ? bounds + ")" : bounds + ", " + range.step() + ")";
    }

    private static void elements(Rendering run, List<Object> elements, String open,
                                 String close, StringBuilder out) {
        out.append(open);
        String separator = "";
        for (Object element : elements) {
            out.append(separator);
            repr(run, element, out);
            separator = ", ";
        }
        out.append(close);
    }

    private static void entries(Rendering run, Map<?, ?> map, StringBuilder out) {
        out.append('{');
        String separator = "";
        for (Map.Entry<?, ?> entry : map.entrySet()) {
            out.append(separator);
            repr(run, entry.getKey(), out);
            out.append(": ");
            repr(run, entry.getValue(), out);
            separator = ", ";
        }
        out.append('}');
    }

    /// The shortest digits that read back as the same float, with an exponent below 1e-4 and
    /// from 1e16 on.
    static String real(double value) {
        if (Double.isNaN(value)) {
            return "nan";
        }
        if (Double.isInfinite(value)) {
            return value > 0 ? "inf" : "-inf";
        }
        if (value == 0) {
            return 1 / value < 0 ? "-0.0" : "0.0";
        }
        BigDecimal shortest = new BigDecimal(Double.toString(value)).stripTrailingZeros();
        String digits = shortest.unscaledValue().abs().toString();
        int exponent = digits.length() - 1 - shortest.scale();
        String sign = value < 0 ? "-" : "";
        if (exponent >= -4 && exponent < 16) {
            String plain = shortest.abs().toPlainString();
            return sign + (plain.contains(".") ? plain : plain + ".0");
        }
        String mantissa = digits.length() == 1
                ? digits : digits.charAt(0) + "." + digits.substring(1);
        return sign + mantissa + exponent(exponent);
    }

    /// `e+16`, `e-05`: a sign and at least two digits.
    static String exponent(int exponent) {
        int size = Math.abs(exponent);
        return (exponent < 0 ? "e-" : "e+") + (size < 10 ? "0" : "") + size;
    }
}
