package org.lora4j.console.report;

/**
 * A picture of a page. It is drawn twice, because text that is readable on a desk is too small on a phone, where the page
 * has less than half the width.
 *
 * @param description the picture in words, for readers who do not see it
 * @param wide for wide screens and paper, and for a file of its own
 * @param narrow for phones
 */
public record Picture(String description, Drawing wide, Drawing narrow) {
    /**
     * Returns the file for wide screens.
     *
     * @return the bytes of a PNG file
     */
    public byte[] png() {
        return wide.png();
    }
}
