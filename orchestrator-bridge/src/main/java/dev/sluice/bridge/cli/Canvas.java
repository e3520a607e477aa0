package dev.sluice.bridge.cli;

import java.io.IOException;
import java.nio.file.Path;

/// What a chart is drawn on. Coordinates are pixels from the top left.
sealed interface Canvas permits SvgCanvas, PngCanvas {
    /// Which end of a text its x is.
    enum Anchor { START, MIDDLE, END }

    /// A filled rectangle.
    ///
    /// @param rgb    0xRRGGBB
    /// @param title  shown by viewers that can when the pointer is on it; may be empty
    void rectangle(double x, double y, double width, double height, int rgb, String title);

    /// The outline of a rectangle, in the colour of quiet text.
    void frame(double x, double y, double width, double height);

    /// One line of text whose baseline is at y.
    ///
    /// @param size   of the font in pixels
    /// @param quiet  whether it is an axis and not a heading
    void text(double x, double y, Anchor anchor, int size, boolean quiet, String text);

    void write(Path file) throws IOException;
}
