package dev.sluice.models.chat;

import dev.sluice.models.chat.Arguments.Bound;

/// Text filled up to a width in code points.
final class TextPadding {
    private TextPadding() { }

    static Object pad(Rendering run, Object subject, Arguments arguments, String name) {
        Bound bound = arguments.bind(run, name, "width", "fillchar?");
        String fill = bound.text(1, " ");
        if (fill.codePointCount(0, fill.length()) != 1) {
            throw run.fault("the fill character must be exactly one character long");
        }
        char side = name.charAt(0);
        return Values.textLike(subject,
                padded(run, Values.text(subject), bound.integer(0), fill, side));
    }

    /// `side` is where the text stays: `l`, `r`, or `c` for the middle.
    static String padded(Rendering run, String text, int width, String fill, char side) {
        int missing = width - text.codePointCount(0, text.length());
        if (missing <= 0) {
            return text;
        }
        run.makes((long) width * fill.length());
        // Which side gets the odd character is Python's rule, not a choice of ours.
        int left = switch (side) {
            case 'l' -> 0;
            case 'r' -> missing;
            default -> missing / 2 + (missing & width & 1);
        };
        return fill.repeat(left) + text + fill.repeat(missing - left);
    }

    static Object zeroFill(Rendering run, Object subject, Arguments arguments) {
        int width = arguments.bind(run, "zfill", "width").integer(0);
        String text = Values.text(subject);
        boolean signed = text.startsWith("-") || text.startsWith("+");
        String sign = signed ? text.substring(0, 1) : "";
        return Values.textLike(subject, sign
                + padded(run, text.substring(sign.length()), width - sign.length(), "0", 'r'));
    }
}
