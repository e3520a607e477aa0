package dev.sluice.bridge.cli;

import java.awt.Color;
import java.awt.Font;
import java.awt.Graphics2D;
import java.awt.RenderingHints;
import java.awt.geom.Rectangle2D;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Path;
import javax.imageio.ImageIO;

/// Writes PNG on a light ground, at twice the resolution of the SVG so that small print stays
/// sharp. Needs no display.
final class PngCanvas implements Canvas {
    private static final int SCALE = 2;
    private static final Color LOUD = new Color(0x1A1A1A);
    private static final Color QUIET = new Color(0x555555);
    private static final Color FRAME = new Color(0x888888);

    private final BufferedImage image;
    private final Graphics2D graphics;

    PngCanvas(int width, int height) {
        image = new BufferedImage(SCALE * width, SCALE * height, BufferedImage.TYPE_INT_RGB);
        graphics = image.createGraphics();
        graphics.setRenderingHint(
                RenderingHints.KEY_TEXT_ANTIALIASING, RenderingHints.VALUE_TEXT_ANTIALIAS_ON);
        graphics.scale(SCALE, SCALE);
        graphics.setColor(Color.WHITE);
        graphics.fillRect(0, 0, width, height);
    }

    @Override
    public void rectangle(double x, double y, double width, double height, int rgb,
            String title) {
        graphics.setColor(new Color(rgb));
        graphics.fill(new Rectangle2D.Double(x, y, width, height));
    }

    @Override
    public void frame(double x, double y, double width, double height) {
        graphics.setColor(FRAME);
        graphics.draw(new Rectangle2D.Double(x, y, width, height));
    }

    @Override
    public void text(double x, double y, Anchor anchor, int size, boolean quiet, String text) {
        graphics.setFont(new Font(Font.SANS_SERIF, Font.PLAIN, size));
        graphics.setColor(quiet ? QUIET : LOUD);
        int width = graphics.getFontMetrics().stringWidth(text);
        double left = switch (anchor) {
            case START -> x;
            case MIDDLE -> x - width / 2.0;
            case END -> x - width;
        };
        graphics.drawString(text, (float) left, (float) y);
    }

    @Override
    public void write(Path file) throws IOException {
        graphics.dispose();
        if (!ImageIO.write(image, "png", file.toFile())) {
            throw new IOException(file + ": this JDK writes no PNG");
        }
    }
}
