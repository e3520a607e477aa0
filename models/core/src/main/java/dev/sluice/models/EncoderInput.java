package dev.sluice.models;

/// One text, or one pair of texts, as a [TextEncoder] reads it: complete, with the tokens that the
/// model wants around a text. The arrays belong to the record and are not changed.
///
/// @param segments  one per id, see [EncoderBatch#segment]
public record EncoderInput(int[] ids, int[] segments) {

    public EncoderInput {
        if (ids.length != segments.length) {
            throw new IllegalArgumentException(
                    "%d ids with %d segments".formatted(ids.length, segments.length));
        }
    }

    /// A text that is no pair.
    public EncoderInput(int[] ids) {
        this(ids, new int[ids.length]);
    }

    public int length() { return ids.length; }
}
