package org.lora4j.langchain4j;

import dev.langchain4j.data.embedding.Embedding;
import dev.langchain4j.data.segment.TextSegment;
import dev.langchain4j.model.output.Response;
import dev.langchain4j.model.output.TokenUsage;
import java.util.List;
import java.util.Objects;

/** Texts of many kinds, and what tests ask of their embeddings. */
final class Texts {
    /** Longer than the 512 positions of the model, and than the 128 tokens of its tokenizer. */
    static final String LONG =
            "The committee met again on the ninth day and heard the reports of the seven counties. ".repeat(80);

    static final List<String> ALL = List.of(
            "The parcel never came, and nobody answers the telephone.",
            "How do I reset my password?",
            "a",
            "!",
            "  \t leading and trailing space \n ",
            "Größe, Füße, naïve café: ÄÖÜ ß",
            "北京是中华人民共和国的首都。",
            "Привет, как дела?",
            "مرحبا بالعالم",
            "안녕하세요 세계",
            "Emoji 🚀🎉 and a flag 🇪🇺",
            "[CLS] special [SEP] tokens [MASK] in [UNK] a text ##ing",
            "int x = foo(bar[3], 0xFF) && !baz; // code",
            "Pneumonoultramicroscopicsilicovolcanoconiosis " + "x".repeat(300),
            "zero\u200bwidth\u00a0spaces and\u0000control",
            "It was the best of times, it was the worst of times, it was the age of wisdom. ".repeat(9),
            LONG);

    private Texts() {}

    static List<TextSegment> segments(List<String> texts) {
        return texts.stream().map(TextSegment::from).toList();
    }

    static int inputTokens(Response<?> response) {
        TokenUsage usage = Objects.requireNonNull(response.tokenUsage());
        return Objects.requireNonNull(usage.inputTokenCount());
    }

    static double cosine(Embedding a, Embedding b) {
        double product = 0;
        double squareA = 0;
        double squareB = 0;
        for (int i = 0; i < a.vector().length; i++) {
            product += (double) a.vector()[i] * b.vector()[i];
            squareA += (double) a.vector()[i] * a.vector()[i];
            squareB += (double) b.vector()[i] * b.vector()[i];
        }
        return product / Math.sqrt(squareA * squareB);
    }
}
