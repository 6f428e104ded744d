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
        encode(text, to, new TokenList(), new TokenList());
    }

    /**
     * Adds the tokens of a text, and the part of the text that each one is of, in characters. The text is changed before it is divided: a
     * token is of the characters whose letters it has, without accents that stand alone.
     */
    void encode(String text, TokenList ids, TokenList starts, TokenList ends) {
        for (Word word : words(text)) {
            encodeWord(word, ids, starts, ends);
        }
    }

    private void encodeWord(Word found, TokenList ids, TokenList starts, TokenList ends) {
        String word = BEGIN + found.text();
        int before = ids.size();
        int from = 0;
        while (from < word.length()) {
            int end = Math.min(word.length(), from + longest);
            while (end > from && vocabulary.id(word.substring(from, end)) == Vocabulary.NONE) {
                end--;
            }
            if (end == from) {
                ids.cut(before);
                starts.cut(before);
                ends.cut(before);
                break;
            }
            ids.add(vocabulary.id(word.substring(from, end)));
            starts.add(found.place(Math.max(0, from - 1)));
            ends.add(end == 1 ? found.place(0) : found.place(end - 2) + 1);
            from = end;
        }
        if (ids.size() == before && unknown != Vocabulary.NONE) {
            ids.add(unknown);
            starts.add(found.place(0));
            ends.add(found.place(found.length() - 1) + 1);
        }
    }

    /** A word, and the character of the text that each of its chars is of. */
    private static final class Word {
        private final StringBuilder text = new StringBuilder();
        private final TokenList places = new TokenList();

        void add(int character, int place) {
            text.appendCodePoint(character);
            for (int i = 0; i < Character.charCount(character); i++) {
                places.add(place);
            }
        }

        String text() {
            return text.toString();
        }

        int length() {
            return text.length();
        }

        int place(int at) {
            return places.get(at);
        }
    }

    /** Accents, which alone change their order when a text is decomposed, are left out; so each character can be decomposed for itself. */
    private static List<Word> words(String text) {
        List<Word> words = new ArrayList<>();
        Word[] word = {new Word()};
        int[] characters = text.codePoints().toArray();
        for (int i = 0; i < characters.length; i++) {
            int place = i;
            if (characters[i] <= LAST_OF_ASCII) {
                word[0] = add(characters[i], place, word[0], words);
            } else {
                Normalizer.normalize(Character.toString(characters[i]), Normalizer.Form.NFD)
                        .codePoints()
                        .forEach(c -> word[0] = add(c, place, word[0], words));
            }
        }
        Word unused = end(word[0], words);
        return words;
    }

    /** Adds a character to a word, and returns the word to which the next one is added. */
    private static Word add(int c, int place, Word word, List<Word> words) {
        if (isSpace(c)) {
            return end(word, words);
        }
        if (isLeftOut(c)) {
            return word;
        }
        boolean isAlone = isPunctuation(c) || isSymbolOfAscii(c) || isChinese(c);
        Word to = isAlone ? end(word, words) : word;
        to.add(Character.toLowerCase(c), place);
        return isAlone ? end(to, words) : to;
    }

    /** Adds a word that has characters, and returns a new one. */
    private static Word end(Word word, List<Word> words) {
        if (word.length() == 0) {
            return word;
        }
        words.add(word);
        return new Word();
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
