package org.lora4j.text.tokens.internal;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;
import org.lora4j.io.gguf.internal.GgufKeys;
import org.lora4j.io.gguf.model.GgufException;

/** The tokens of texts by the vocabulary of a GGUF file, as llama.cpp computes them. Thread-safe. */
public final class VocabularyTokens {
    private final Vocabulary vocabulary;
    private final TokenModel model;

    /** The special tokens, the longest first. */
    private final int[] special;

    private final int[] prefix;
    private final int[] suffix;

    private VocabularyTokens(Vocabulary vocabulary, TokenModel model) throws GgufException {
        this.vocabulary = vocabulary;
        this.model = model;
        special = IntStream.range(0, vocabulary.size())
                .filter(id -> vocabulary.isControl(id) || vocabulary.isUserDefined(id))
                .boxed()
                .sorted(Comparator.comparing(id -> -vocabulary.bytes(id)))
                .mapToInt(Integer::intValue)
                .toArray();
        boolean isWordPiece = model instanceof WordPieces;
        int end = vocabulary.named(isWordPiece ? "seperator_token_id" : "eos_token_id");
        prefix = some(
                vocabulary.named("bos_token_id"), isWordPiece || vocabulary.truth("add_bos_token", model.begins()));
        suffix = some(end, isWordPiece || vocabulary.truth("add_eos_token", false));
    }

    private static int[] some(int token, boolean isAdded) {
        return isAdded && token != Vocabulary.NONE ? new int[] {token} : new int[0];
    }

    /**
     * Reads the vocabulary of a file.
     *
     * @throws GgufException if it has none, or one that this library does not compute
     */
    public static VocabularyTokens read(GgufKeys keys) throws GgufException {
        Vocabulary vocabulary = Vocabulary.read(keys);
        return new VocabularyTokens(vocabulary, TokenModel.of(vocabulary));
    }

    /** Whether the first space of a decoded text is not one of the text. */
    boolean addsSpace() {
        return model.addsSpace();
    }

    /** Whether it divides texts that it has changed before. */
    public boolean isWordPiece() {
        return model instanceof WordPieces;
    }

    public Vocabulary vocabulary() {
        return vocabulary;
    }

    /** The tokens before each text. */
    public int[] prefix() {
        return prefix.clone();
    }

    /** The tokens behind each text. */
    public int[] suffix() {
        return suffix.clone();
    }

    /** A part of a text: a special token, or text between such tokens. */
    private record Part(int token, String text) {}

    /**
     * Returns the tokens of a text, without those at its ends.
     *
     * @param text a text without lone surrogates
     * @param findsControl whether control tokens that are written in the text are found; others always are
     */
    public int[] encode(String text, boolean findsControl) {
        TokenList ids = new TokenList();
        boolean afterSpecial = true;
        for (Part part : parts(text, findsControl)) {
            if (part.token() == Vocabulary.NONE) {
                model.encode(part.text(), afterSpecial, ids);
                afterSpecial = false;
            } else {
                ids.add(part.token());
                afterSpecial = true;
            }
        }
        return ids.toArray();
    }

    /**
     * Returns the part of a text that each of its tokens is of, in characters; the two halves of a character count as one. Control tokens
     * that are written in the text are found. The bytes of the tokens are counted, because they are parts of the text as it is; WordPiece, which
     * changes the text, says itself where its tokens lie.
     *
     * @return where the tokens begin, and where they end
     */
    public int[][] spans(String text) {
        TokenList starts = new TokenList();
        TokenList ends = new TokenList();
        int at = 0;
        boolean afterSpecial = true;
        for (Part part : parts(text, true)) {
            int characters = part.text().codePointCount(0, part.text().length());
            if (part.token() == Vocabulary.NONE && model instanceof WordPieces pieces) {
                TokenList partStarts = new TokenList();
                TokenList partEnds = new TokenList();
                pieces.encode(part.text(), new TokenList(), partStarts, partEnds);
                for (int i = 0; i < partStarts.size(); i++) {
                    starts.add(at + partStarts.get(i));
                    ends.add(at + partEnds.get(i));
                }
            } else if (part.token() == Vocabulary.NONE) {
                TokenList ids = new TokenList();
                model.encode(part.text(), afterSpecial, ids);
                addSpans(part.text(), afterSpecial && model.addsSpace(), ids.toArray(), at, starts, ends);
                afterSpecial = false;
            } else {
                starts.add(at);
                ends.add(at + characters);
                afterSpecial = true;
            }
            at += characters;
        }
        return new int[][] {starts.toArray(), ends.toArray()};
    }

    /** Counts the bytes of the tokens before each one, and its own. */
    private void addSpans(String text, boolean hasSpace, int[] ids, int first, TokenList starts, TokenList ends) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        int[] characters = new int[bytes.length + 1];
        int character = -1;
        for (int i = 0; i < bytes.length; i++) {
            boolean continues = (bytes[i] & 0xC0) == 0x80;
            character += continues ? 0 : 1;
            characters[i] = character;
        }
        characters[bytes.length] = character + 1;
        int position = hasSpace ? -1 : 0;
        for (int id : ids) {
            int from = Math.min(Math.max(0, position), bytes.length);
            position += bytes(id).length;
            int to = Math.min(Math.max(0, position), bytes.length);
            starts.add(first + characters[from]);
            // Behind the character of the last byte.
            ends.add(first + (to == from ? characters[from] : characters[to - 1] + 1));
        }
    }

    /** Finds special tokens: each one, the longest first, from left to right in the text that is left between others. */
    private List<Part> parts(String text, boolean findsControl) {
        List<Part> parts = text.isEmpty() ? List.of() : List.of(new Part(Vocabulary.NONE, text));
        for (int token : special) {
            if (!findsControl && !vocabulary.isUserDefined(token)) {
                continue;
            }
            String name = vocabulary.text(token);
            if (!name.isEmpty() && text.contains(name)) {
                List<Part> divided = new ArrayList<>();
                parts.forEach(part -> divide(part, token, name, divided));
                parts = divided;
            }
        }
        return parts;
    }

    private static void divide(Part part, int token, String name, List<Part> to) {
        if (part.token() != Vocabulary.NONE) {
            to.add(part);
            return;
        }
        int from = 0;
        int at = part.text().indexOf(name);
        while (at >= 0) {
            addText(part.text(), from, at, to);
            to.add(new Part(token, name));
            from = at + name.length();
            at = part.text().indexOf(name, from);
        }
        addText(part.text(), from, part.text().length(), to);
    }

    private static void addText(String text, int from, int end, List<Part> to) {
        if (end > from) {
            to.add(new Part(Vocabulary.NONE, text.substring(from, end)));
        }
    }

    /** The bytes that a token stands for in a text. */
    public byte[] bytes(int id) {
        if (vocabulary.isUnused(id)) {
            return new byte[0];
        }
        boolean isText = vocabulary.isControl(id) || vocabulary.isUserDefined(id);
        return isText ? vocabulary.text(id).getBytes(StandardCharsets.UTF_8) : model.bytes(id);
    }

    /**
     * Returns the text of tokens. Bytes that are no UTF-8 become replacement characters.
     *
     * @param skipsControl whether control tokens are left out
     */
    public String decode(int[] ids, boolean skipsControl) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        for (int id : ids) {
            if (!skipsControl || !vocabulary.isControl(id)) {
                bytes.writeBytes(bytes(id));
            }
        }
        String text = bytes.toString(StandardCharsets.UTF_8);
        return model.addsSpace() && text.startsWith(" ") ? text.substring(1) : text;
    }
}
