package org.lora4j.text.tokens.internal;

import java.nio.charset.StandardCharsets;
import org.lora4j.io.gguf.model.GgufException;

/**
 * SentencePiece, as Llama 2 and Gemma have it: neighbours are joined if their union is a token, those with the highest score first.
 * Characters without a token become bytes.
 */
final class SentencePieces implements TokenModel {
    private static final char SPACE = '\u2581';

    private final Vocabulary vocabulary;
    private final boolean addsSpace;
    private final int unknown;

    private SentencePieces(Vocabulary vocabulary, boolean addsSpace, int unknown) {
        this.vocabulary = vocabulary;
        this.addsSpace = addsSpace;
        this.unknown = unknown;
    }

    static SentencePieces of(Vocabulary vocabulary) throws GgufException {
        return new SentencePieces(
                vocabulary, vocabulary.truth("add_space_prefix", true), vocabulary.named("unknown_token_id"));
    }

    @Override
    public boolean begins() {
        return true;
    }

    @Override
    public boolean addsSpace() {
        return addsSpace;
    }

    @Override
    public void encode(String text, boolean afterSpecial, TokenList to) {
        String spaced = (addsSpace && afterSpecial ? " " + text : text).replace(' ', SPACE);
        for (String piece : Symbols.join(spaced, this::rank)) {
            int id = vocabulary.id(piece);
            if (id != Vocabulary.NONE) {
                to.add(id);
                continue;
            }
            for (byte value : piece.getBytes(StandardCharsets.UTF_8)) {
                int ofByte = vocabulary.ofByte(value);
                if (ofByte != Vocabulary.NONE) {
                    to.add(ofByte);
                } else if (unknown != Vocabulary.NONE) {
                    to.add(unknown);
                }
            }
        }
    }

    private double rank(String left, String right) {
        int id = vocabulary.id(left + right);
        return id == Vocabulary.NONE ? Double.POSITIVE_INFINITY : -vocabulary.score(id);
    }

    @Override
    public byte[] bytes(int id) {
        String text = vocabulary.text(id);
        return vocabulary.isByte(id)
                ? new byte[] {(byte) Integer.parseInt(text.substring(3, 5), 16)}
                : text.replace(SPACE, ' ').getBytes(StandardCharsets.UTF_8);
    }
}
