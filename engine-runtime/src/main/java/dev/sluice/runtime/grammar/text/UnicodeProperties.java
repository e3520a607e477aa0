package dev.sluice.runtime.grammar.text;

import java.util.Arrays;
import java.util.function.IntPredicate;

/// Unicode properties by the names of `\p{...}`: general categories, scripts and a few binary
/// properties. The characters are those of the JDK's version of Unicode.
final class UnicodeProperties {
    /// Short name, long name, and the category's number or numbers of [Character#getType].
    private static final String[][] CATEGORIES = {
        {"L", "Letter", "Lu", "Ll", "Lt", "Lm", "Lo"},
        {"LC", "Cased_Letter", "Lu", "Ll", "Lt"},
        {"M", "Mark", "Mn", "Mc", "Me"}, {"N", "Number", "Nd", "Nl", "No"},
        {"P", "Punctuation", "Pc", "Pd", "Ps", "Pe", "Pi", "Pf", "Po"},
        {"S", "Symbol", "Sm", "Sc", "Sk", "So"}, {"Z", "Separator", "Zs", "Zl", "Zp"},
        {"C", "Other", "Cc", "Cf", "Co", "Cn"},
        {"Lu", "Uppercase_Letter", "Lu"}, {"Ll", "Lowercase_Letter", "Ll"},
        {"Lt", "Titlecase_Letter", "Lt"}, {"Lm", "Modifier_Letter", "Lm"},
        {"Lo", "Other_Letter", "Lo"}, {"Mn", "Nonspacing_Mark", "Mn"},
        {"Mc", "Spacing_Mark", "Mc"}, {"Me", "Enclosing_Mark", "Me"},
        {"Nd", "Decimal_Number", "Nd"}, {"Nl", "Letter_Number", "Nl"},
        {"No", "Other_Number", "No"}, {"Pc", "Connector_Punctuation", "Pc"},
        {"Pd", "Dash_Punctuation", "Pd"}, {"Ps", "Open_Punctuation", "Ps"},
        {"Pe", "Close_Punctuation", "Pe"}, {"Pi", "Initial_Punctuation", "Pi"},
        {"Pf", "Final_Punctuation", "Pf"}, {"Po", "Other_Punctuation", "Po"},
        {"Sm", "Math_Symbol", "Sm"}, {"Sc", "Currency_Symbol", "Sc"},
        {"Sk", "Modifier_Symbol", "Sk"}, {"So", "Other_Symbol", "So"},
        {"Zs", "Space_Separator", "Zs"}, {"Zl", "Line_Separator", "Zl"},
        {"Zp", "Paragraph_Separator", "Zp"}, {"Cc", "Control", "Cc"}, {"Cf", "Format", "Cf"},
        {"Cn", "Unassigned", "Cn"}, {"Co", "Private_Use", "Co"},
        {"Nd", "digit", "Nd"}, {"P", "punct", "Pc", "Pd", "Ps", "Pe", "Pi", "Pf", "Po"},
    };
    /// By the numbers of [Character#getType], 0 to 30; 17 is not used.
    private static final String[] TYPES = {"Cn", "Lu", "Ll", "Lt", "Lm", "Lo", "Mn", "Me", "Mc",
        "Nd", "Nl", "No", "Zs", "Zl", "Zp", "Cc", "Cf", "", "Co", "Cs", "Pd", "Ps", "Pe",
        "Pc", "Po", "Sm", "Sc", "Sk", "So", "Pi", "Pf"};

    private UnicodeProperties() { }

    /// The characters that have the property; none when its name is unknown.
    static CodePoints named(String name) {
        String value = name.substring(name.indexOf('=') + 1);
        String key = name.contains("=") ? name.substring(0, name.indexOf('=')) : "";
        return switch (key) {
            case "Script", "sc" -> script(value);
            case "", "General_Category", "gc" -> {
                CodePoints category = category(value);
                yield category.isEmpty() && key.isEmpty() ? binary(value) : category;
            }
            default -> CodePoints.NONE;
        };
    }

    private static CodePoints script(String name) {
        try {
            var script = Character.UnicodeScript.forName(name);
            return where(c -> Character.UnicodeScript.of(c) == script);
        } catch (IllegalArgumentException e) {
            return CodePoints.NONE; // No such script: the caller says so.
        }
    }

    private static CodePoints category(String name) {
        for (String[] category : CATEGORIES) {
            if (category[0].equals(name) || category[1].equals(name)) {
                boolean[] wanted = new boolean[TYPES.length];
                for (int type = 0; type < TYPES.length; type++) {
                    for (int i = 2; i < category.length; i++) {
                        wanted[type] |= category[i].equals(TYPES[type]);
                    }
                }
                return where(c -> wanted[Character.getType(c)]);
            }
        }
        return CodePoints.NONE;
    }

    private static CodePoints binary(String name) {
        return switch (name) {
            case "Any" -> CodePoints.ALL;
            case "ASCII" -> CodePoints.range(0, 0x7f);
            case "Alphabetic", "Alpha" -> where(Character::isAlphabetic);
            case "Uppercase", "Upper" -> where(Character::isUpperCase);
            case "Lowercase", "Lower" -> where(Character::isLowerCase);
            case "Ideographic", "Ideo" -> where(Character::isIdeographic);
            case "Emoji" -> where(Character::isEmoji);
            case "Emoji_Presentation" -> where(Character::isEmojiPresentation);
            case "ID_Start" -> where(Character::isUnicodeIdentifierStart);
            default -> CodePoints.NONE;
        };
    }

    private static CodePoints where(IntPredicate has) {
        int[] pairs = new int[256];
        int size = 0;
        int c = 0;
        while (c <= CodePoints.MAX) {
            if (!has.test(c)) {
                c++;
                continue;
            }
            int low = c;
            while (c <= CodePoints.MAX && has.test(c)) {
                c++;
            }
            if (size == pairs.length) {
                pairs = Arrays.copyOf(pairs, 2 * size);
            }
            pairs[size++] = low;
            pairs[size++] = c - 1;
        }
        return CodePoints.ofRanges(Arrays.copyOf(pairs, size));
    }
}
