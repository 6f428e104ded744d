package org.lora4j.text.tokens.internal;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.lora4j.internal.MessageText;
import org.lora4j.io.gguf.model.GgufException;

/**
 * Byte-pair encoding, as GPT-2 has it: patterns divide a text into words, and pairs of pieces of a word are joined in the order of
 * the file.
 */
final class BytePairs implements TokenModel {
    private static final String MERGES = Vocabulary.PREFIX + "merges";
    private static final String PATTERN = Vocabulary.PREFIX + "pre";

    private final Vocabulary vocabulary;
    private final WordDivision division;
    private final Map<Pair, Integer> ranks;

    /** Two pieces that are joined. */
    private record Pair(String left, String right) {}

    private BytePairs(Vocabulary vocabulary, WordDivision division, Map<Pair, Integer> ranks) {
        this.vocabulary = vocabulary;
        this.division = division;
        this.ranks = ranks;
    }

    static BytePairs of(Vocabulary vocabulary) throws GgufException {
        String name = vocabulary
                .keys()
                .text(PATTERN)
                .orElseThrow(() -> vocabulary.keys().refuse(PATTERN, "must be there for texts", "no such key"));
        WordDivision division = WordDivision.named(name)
                .orElseThrow(() -> vocabulary
                        .keys()
                        .refuse(
                                PATTERN,
                                "must be one whose words this library knows: "
                                        + String.join(", ", WordDivision.names()),
                                MessageText.quote(name)));
        List<String> merges = vocabulary
                .keys()
                .texts(MERGES)
                .orElseThrow(() -> vocabulary.keys().refuse(MERGES, "must be there for texts", "no such key"));
        Map<Pair, Integer> ranks = new HashMap<>();
        for (String merge : merges) {
            int space = merge.indexOf(' ', 1);
            if (space < 0) {
                throw vocabulary.keys().refuse(MERGES, "must be pairs with a space between", MessageText.quote(merge));
            }
            ranks.putIfAbsent(new Pair(merge.substring(0, space), merge.substring(space + 1)), ranks.size());
        }
        return new BytePairs(vocabulary, division, ranks);
    }

    @Override
    public boolean begins() {
        return division.takesWords();
    }

    @Override
    public boolean addsSpace() {
        return false;
    }

    @Override
    public void encode(String text, boolean afterSpecial, TokenList to) {
        for (String word : division.words(text)) {
            encodeWord(ByteLetters.of(word), to);
        }
    }

    private void encodeWord(String word, TokenList to) {
        if (division.takesWords()) {
            int whole = vocabulary.id(word);
            if (whole != Vocabulary.NONE) {
                to.add(whole);
                return;
            }
        }
        for (String piece : Symbols.join(word, this::rank)) {
            int id = vocabulary.id(piece);
            if (id != Vocabulary.NONE) {
                to.add(id);
                continue;
            }
            for (int i = 0; i < piece.length(); i++) {
                int letter = vocabulary.id(piece.substring(i, i + 1));
                if (letter != Vocabulary.NONE) {
                    to.add(letter);
                }
            }
        }
    }

    private double rank(String left, String right) {
        Integer rank = ranks.get(new Pair(left, right));
        return rank == null ? Double.POSITIVE_INFINITY : rank;
    }

    @Override
    public byte[] bytes(int id) {
        return ByteLetters.bytes(vocabulary.text(id));
    }
}
