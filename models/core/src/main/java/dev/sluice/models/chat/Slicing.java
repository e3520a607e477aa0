package dev.sluice.models.chat;

import java.util.ArrayList;
import java.util.List;

/// Items by number and slices, with Python's negative numbers and steps. Text counts in code
/// points.
final class Slicing {
    private Slicing() { }

    /// The item at an index that may be negative, or `Scope.ABSENT` when it is out of range.
    static Object at(List<Object> elements, long index) {
        long position = index < 0 ? index + elements.size() : index;
        return position < 0 || position >= elements.size()
                ? Scope.ABSENT : elements.get((int) position);
    }

    static Object at(Rendering run, String text, long index) {
        int length = Values.length(run, text);
        long position = index < 0 ? index + length : index;
        if (position < 0 || position >= length) {
            return Scope.ABSENT;
        }
        int offset = text.offsetByCodePoints(0, (int) position);
        return Character.toString(text.codePointAt(offset));
    }

    /// `subject[start:stop:step]`; `null` is a bound that was left out.
    static Object slice(Rendering run, Object subject, Object start, Object stop, Object step) {
        return switch (subject) {
            case String text -> text(run, text,
                    bounds(run, Values.length(run, text), start, stop, step));
            case Markup(String text) -> new Markup(
                    text(run, text, bounds(run, Values.length(run, text), start, stop, step)));
            case List<?> list -> elements(run, Values.objects(list),
                    bounds(run, list.size(), start, stop, step));
            case Tuple(List<Object> list) -> new Tuple(
                    elements(run, list, bounds(run, list.size(), start, stop, step)));
            case NumberRange range -> {
                Bounds bounds = bounds(run, (int) range.length(), start, stop, step);
                yield new NumberRange(range.start() + bounds.start() * range.step(),
                        range.start() + bounds.stop() * range.step(),
                        bounds.step() * range.step());
            }
            case Undefined(String message) -> throw run.fault(message);
            case null, default -> throw run.fault(
                    "'" + Values.typeName(subject) + "' object can not be sliced");
        };
    }

    /// Positions that exist, but for `stop`, which may be one before the first or after the last.
    private record Bounds(long start, long stop, long step) {
        int count() {
            long span = step > 0 ? stop - start : start - stop;
            return span <= 0 ? 0 : (int) ((span - 1) / Math.abs(step) + 1);
        }
    }

    private static Bounds bounds(Rendering run, int length, Object start, Object stop,
                                 Object step) {
        long stride = step == null ? 1 : Numbers.index(run, step, "a slice");
        if (stride == 0) {
            throw run.fault("slice step cannot be zero");
        }
        long lowest = stride > 0 ? 0 : -1;
        long highest = stride > 0 ? length : length - 1L;
        long from = start == null ? stride > 0 ? lowest : highest
                : bound(run, start, length, lowest, highest);
        long to = stop == null ? stride > 0 ? highest : lowest
                : bound(run, stop, length, lowest, highest);
        return new Bounds(from, to, stride);
    }

    private static long bound(Rendering run, Object value, int length, long lowest,
                              long highest) {
        long index = Numbers.index(run, value, "a slice");
        long position = index < 0 ? index + length : index;
        return Math.clamp(position, lowest, highest);
    }

    private static List<Object> elements(Rendering run, List<Object> elements, Bounds bounds) {
        int count = bounds.count();
        run.makes(count * Values.ELEMENT_CHARACTERS);
        var slice = new ArrayList<Object>(count);
        for (int i = 0; i < count; i++) {
            slice.add(elements.get((int) (bounds.start() + i * bounds.step())));
        }
        return slice;
    }

    private static String text(Rendering run, String text, Bounds bounds) {
        int count = bounds.count();
        run.makes(count);
        if (count == 0) {
            return "";
        }
        if (bounds.step() == 1) {
            int from = text.offsetByCodePoints(0, (int) bounds.start());
            return text.substring(from, text.offsetByCodePoints(from, count));
        }
        run.makes(2L * text.length());
        int[] characters = text.codePoints().toArray();
        var slice = new StringBuilder(count);
        for (int i = 0; i < count; i++) {
            slice.appendCodePoint(characters[(int) (bounds.start() + i * bounds.step())]);
        }
        return slice.toString();
    }
}
