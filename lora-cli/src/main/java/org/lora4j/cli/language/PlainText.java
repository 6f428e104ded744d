package org.lora4j.cli.language;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.Reader;
import java.nio.channels.Channels;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Locale;
import java.util.zip.GZIPInputStream;
import org.lora4j.io.internal.FileAccess;
import org.lora4j.text.DecoderFolder;

/** Plain text as tokens, with the token that ends a text. */
final class PlainText {
    /**
     * A longer text is tokenized in parts, each of which ends with a line. Where two of them meet, the tokens may be others than
     * those of the whole text, which few tokenizers can take.
     */
    private static final int PART = 1 << 18;

    private PlainText() {}

    static boolean isText(Path file) {
        return file.toString().toLowerCase(Locale.ROOT).replaceAll("\\.gz$", "").endsWith(".txt");
    }

    /** Writes the tokens of a whole file, which is one text. */
    static void write(DecoderFolder decoder, Path file, TokenFile tokens) throws IOException {
        if (!Files.exists(file)) {
            throw new NoSuchFileException(file.toString());
        }
        try (InputStream in = Channels.newInputStream(FileAccess.open(file));
                InputStream plain =
                        file.toString().toLowerCase(Locale.ROOT).endsWith(".gz") ? new GZIPInputStream(in) : in;
                Reader reader =
                        new BufferedReader(new InputStreamReader(plain, StandardCharsets.UTF_8.newDecoder()), PART)) {
            String part = next(reader, "");
            int[] ids = decoder.tokenizer().encode(complete(part)).ids();
            while (part.length() >= PART) {
                tokens.add(ids);
                String rest = part.substring(complete(part).length());
                part = next(reader, rest);
                ids = decoder.tokenizer().encodeRendered(complete(part)).ids();
            }
            tokens.add(decoder.tokens().withEnd(ids));
        } catch (CharacterCodingException e) {
            throw new IOException(file + ": must be UTF-8, found other bytes", e);
        }
    }

    /** Reads on until there is a part; there is less only at the end. */
    private static String next(Reader reader, String rest) throws IOException {
        char[] chars = new char[PART + rest.length()];
        rest.getChars(0, rest.length(), chars, 0);
        int length = rest.length();
        for (int read = 0; length < chars.length && read >= 0; length += Math.max(read, 0)) {
            read = reader.read(chars, length, chars.length - length);
        }
        return new String(chars, 0, length);
    }

    /** Returns the lines of a part that are there as a whole; all of it if it is the last part, or one line. */
    private static String complete(String part) {
        if (part.length() < PART) {
            return part;
        }
        int end = part.length() - 1;
        // Some tokenizers have tokens of several line feeds, and of spaces before a word.
        while (end > 0 && !(part.charAt(end - 1) == '\n' && !isSpace(part, end) && !isSpace(part, end - 2))) {
            end--;
        }
        if (end > 0) {
            return part.substring(0, end);
        }
        boolean isHalf = Character.isHighSurrogate(part.charAt(part.length() - 1));
        return part.substring(0, isHalf ? part.length() - 1 : part.length());
    }

    private static boolean isSpace(String text, int index) {
        return index >= 0 && Character.isWhitespace(text.charAt(index));
    }
}
