package dev.sluice.bridge.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;

/// Writes SVG 1.1. Background and text follow the viewer's preference for dark or light; a viewer
/// that has none shows light.
final class SvgCanvas implements Canvas {
    private final StringBuilder out = new StringBuilder();

    SvgCanvas(int width, int height, String title) {
        out.append("""
                <svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" viewBox="0 0 %d %d"
                    role="img" font-family="system-ui, sans-serif">
                <title>%s</title>
                <style>
                .ground { fill: #ffffff } .loud { fill: #1a1a1a } .quiet { fill: #555555 }
                .frame { fill: none; stroke: #888888 }
                @media (prefers-color-scheme: dark) {
                .ground { fill: #16181d } .loud { fill: #f0f0f0 } .quiet { fill: #b0b4bb }
                }
                </style>
                <rect class="ground" width="100%%" height="100%%"/>
                """.formatted(width, height, width, height, escaped(title)));
    }

    @Override
    public void rectangle(double x, double y, double width, double height, int rgb,
            String title) {
        out.append("<rect x=\"").append(number(x)).append("\" y=\"").append(number(y))
                .append("\" width=\"").append(number(width)).append("\" height=\"")
                .append(number(height))
                .append("\" fill=\"#%06x\"".formatted(rgb));
        if (title.isEmpty()) {
            out.append("/>\n");
        } else {
            out.append("><title>").append(escaped(title)).append("</title></rect>\n");
        }
    }

    @Override
    public void frame(double x, double y, double width, double height) {
        out.append("<rect class=\"frame\" x=\"").append(number(x)).append("\" y=\"")
                .append(number(y)).append("\" width=\"").append(number(width))
                .append("\" height=\"").append(number(height)).append("\"/>\n");
    }

    @Override
    public void text(double x, double y, Anchor anchor, int size, boolean quiet, String text) {
        out.append("<text class=\"").append(quiet ? "quiet" : "loud").append("\" x=\"")
                .append(number(x)).append("\" y=\"").append(number(y))
                .append("\" font-size=\"").append(size).append("\" text-anchor=\"")
                .append(anchor.name().toLowerCase(Locale.ROOT)).append("\">")
                .append(escaped(text)).append("</text>\n");
    }

    @Override
    public void write(Path file) throws IOException {
        Files.writeString(file, out + "</svg>\n");
    }

    /// At most two decimals.
    private static String number(double value) {
        long hundredths = Math.round(value * 100);
        return hundredths % 100 == 0 ? String.valueOf(hundredths / 100)
                : String.valueOf(hundredths / 100.0);
    }

    /// Text that may stand in an element; control characters, which XML can not have, are dropped.
    private static String escaped(String text) {
        return text.replaceAll("\\p{Cntrl}|[\\x{FFFE}\\x{FFFF}]", "").replace("&", "&amp;")
                .replace("<", "&lt;").replace(">", "&gt;");
    }
}
