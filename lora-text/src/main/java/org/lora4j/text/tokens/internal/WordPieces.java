package org.lora4j.text.tokens.internal;

import java.nio.charset.StandardCharsets;
import java.text.Normalizer;
import java.util.ArrayList;
import java.util.List;
import org.lora4j.io.gguf.model.GgufException;

/** WordPiece, as BERT has it: each word becomes the longest tokens from its beginning on, or one unknown token as a whole. */
final class WordPieces implements TokenModel {
    /** Stands before the first token of a word in the file. */
    private static final char BEGIN = '\u2581';

    private static final int REPLACEMENT = 0xFFFD;
    private static final int LAST_OF_ASCII = 0x7F;

    private final Vocabulary vocabulary;
    private final int longest;
    private final int unknown;

    WordPieces(Vocabulary vocabulary) throws GgufException {
        this.vocabulary = vocabulary;
        unknown = vocabulary.named("unknown_token_id");
        int most = 0;
        for (int i = 0; i < vocabulary.size(); i++) {
            most = Math.max(most, vocabulary.text(i).length());
        }
        longest = most;
    }

    @Override
    public boolean begins() {
        return true;
    }

    @Override
    public boolean addsSpace() {
        return true;
    }

    @Override
    public void encode(String text, boolean afterSpecial, TokenList to) {
        for (String word : words(text)) {
            encodeWord(BEGIN + word, to);
        }
    }

    private void encodeWord(String word, TokenList to) {
        int before = to.size();
        int from = 0;
        while (from < word.length()) {
            int end = Math.min(word.length(), from + longest);
            while (end > from && vocabulary.id(word.substring(from, end)) == Vocabulary.NONE) {
                end--;
            }
            if (end == from) {
                to.cut(before);
                break;
            }
            to.add(vocabulary.id(word.substring(from, end)));
            from = end;
        }
        if (to.size() == before && unknown != Vocabulary.NONE) {
            to.add(unknown);
        }
    }

    private static List<String> words(String text) {
        List<String> words = new ArrayList<>();
        StringBuilder word = new StringBuilder();
        Normalizer.normalize(text, Normalizer.Form.NFD).codePoints().forEach(c -> {
            if (isSpace(c)) {
                end(word, words);
            } else if (!isLeftOut(c)) {
                boolean isAlone = isPunctuation(c) || isSymbolOfAscii(c) || isChinese(c);
                if (isAlone) {
                    end(word, words);
                }
                word.appendCodePoint(Character.toLowerCase(c));
                if (isAlone) {
                    end(word, words);
                }
            }
        });
        end(word, words);
        return words;
    }

    private static void end(StringBuilder word, List<String> words) {
        if (!word.isEmpty()) {
            words.add(word.toString());
            word.setLength(0);
        }
    }

    private static boolean isSpace(int c) {
        return switch (c) {
            case '\t', '\n', 0xB, '\f', '\r', 0x85 -> true;
            default ->
                switch (Character.getType(c)) {
                    case Character.SPACE_SEPARATOR, Character.LINE_SEPARATOR, Character.PARAGRAPH_SEPARATOR -> true;
                    default -> false;
                };
        };
    }

    /** Whether a character is an accent or a control. */
    private static boolean isLeftOut(int c) {
        return c == 0
                || c == REPLACEMENT
                || switch (Character.getType(c)) {
                    case Character.CONTROL,
                            Character.FORMAT,
                            Character.SURROGATE,
                            Character.PRIVATE_USE,
                            Character.NON_SPACING_MARK,
                            Character.ENCLOSING_MARK,
                            Character.COMBINING_SPACING_MARK -> true;
                    default -> false;
                };
    }

    private static boolean isPunctuation(int c) {
        return switch (Character.getType(c)) {
            case Character.CONNECTOR_PUNCTUATION,
                    Character.DASH_PUNCTUATION,
                    Character.START_PUNCTUATION,
                    Character.END_PUNCTUATION,
                    Character.INITIAL_QUOTE_PUNCTUATION,
                    Character.FINAL_QUOTE_PUNCTUATION,
                    Character.OTHER_PUNCTUATION -> true;
            default -> false;
        };
    }

    private static boolean isSymbolOfAscii(int c) {
        return c < LAST_OF_ASCII
                && switch (Character.getType(c)) {
                    case Character.MATH_SYMBOL,
                            Character.CURRENCY_SYMBOL,
                            Character.MODIFIER_SYMBOL,
                            Character.OTHER_SYMBOL -> true;
                    default -> false;
                };
    }

    private static boolean isChinese(int c) {
        return isIn(c, 0x4E00, 0x9FFF)
                || isIn(c, 0x3400, 0x4DBF)
                || isIn(c, 0x20000, 0x2A6DF)
                || isIn(c, 0x2A700, 0x2B73F)
                || isIn(c, 0x2B740, 0x2B81F)
                || isIn(c, 0x2B920, 0x2CEAF)
                || isIn(c, 0xF900, 0xFAFF)
                || isIn(c, 0x2F800, 0x2FA1F);
    }

    private static boolean isIn(int c, int first, int last) {
        return c >= first && c <= last;
    }

    @Override
    public byte[] bytes(int id) {
        return vocabulary.text(id).replace(BEGIN, ' ').getBytes(StandardCharsets.UTF_8);
    }
}
