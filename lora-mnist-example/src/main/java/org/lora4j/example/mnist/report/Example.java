package org.lora4j.example.mnist.report;

/** A test image with what it shows and what the network says without and with the adapter. */
public final class Example {

    private final byte[] pixels;
    private final int rows;
    private final int columns;
    private final int label;
    private final int base;
    private final int lora;

    /**
     * Copies the image.
     *
     * @param pixels unsigned bytes, row by row; 0 is the background, 255 full ink
     * @param rows height of the image
     * @param columns width of the image
     * @param label the digit that the image shows
     * @param base the digit that the network says without the adapter
     * @param lora the digit that the network says with the adapter
     * @throws IllegalArgumentException if the number of pixels is not {@code rows · columns}, or one is not positive
     */
    public Example(byte[] pixels, int rows, int columns, int label, int base, int lora) {
        if (rows < 1 || columns < 1 || pixels.length != rows * columns) {
            throw new IllegalArgumentException("an image of " + rows + " × " + columns + " must have " + rows * columns
                    + " pixels, at least one, found " + pixels.length);
        }
        this.pixels = pixels.clone();
        this.rows = rows;
        this.columns = columns;
        this.label = label;
        this.base = base;
        this.lora = lora;
    }

    /** The ink at a place, 0 to 255. */
    int ink(int row, int column) {
        return pixels[row * columns + column] & 0xff;
    }

    int rows() {
        return rows;
    }

    int columns() {
        return columns;
    }

    int label() {
        return label;
    }

    int base() {
        return base;
    }

    int lora() {
        return lora;
    }
}
