package org.lora4j.text.task;

import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;
import org.lora4j.nn.Network;
import org.lora4j.nn.input.Sequences;
import org.lora4j.text.internal.TextCheck;
import org.lora4j.text.tokens.Prompts;
import org.lora4j.text.tokens.TextTokens;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * The task of a model that embeds texts. An answer is an embedding.
 *
 * @param maxTokens where texts are cut; empty for where the files of the model say
 * @param dimensions the length of the embeddings, of which the first numbers are kept; empty for the whole ones
 * @param prompts the prompts in place of those of the model, or beside them
 */
public record Embed(OptionalInt maxTokens, OptionalInt dimensions, Prompts prompts)
        implements RowTask<Embed.Texts, float[]> {
    /**
     * Checks that nothing is missing.
     *
     * @param maxTokens where texts are cut
     * @param dimensions the length of the embeddings
     * @param prompts the prompts
     */
    public Embed {
        Objects.requireNonNull(maxTokens, "maxTokens must not be null");
        Objects.requireNonNull(dimensions, "dimensions must not be null");
        Objects.requireNonNull(prompts, "prompts must not be null");
    }

    /**
     * Returns the task as the files of a model say it.
     *
     * @return whole embeddings
     */
    public static Embed asTheModelSays() {
        return new Embed(OptionalInt.empty(), OptionalInt.empty(), Prompts.none());
    }

    /** What texts are: models can have a prompt for each kind. */
    public enum Kind {
        /** Texts of no special kind, with the default prompt. */
        TEXT,
        /** Queries. */
        QUERY,
        /** Documents. */
        DOCUMENT
    }

    /**
     * Texts to embed.
     *
     * @param texts the texts, at least one
     * @param kind what they are
     * @param prompt the name of the prompt before each of them; null for that of the kind
     * @param dimensions the length of the embeddings; empty for that of the task
     */
    public record Texts(
            List<String> texts, Kind kind, @Nullable String prompt, OptionalInt dimensions) {
        /**
         * Copies the list.
         *
         * @param texts the texts
         * @param kind what they are
         * @param prompt the name of the prompt, or null
         * @param dimensions the length of the embeddings
         */
        public Texts {
            // A text that is null is refused with its number, when it is read.
            Objects.requireNonNull(texts, "texts must not be null");
            Objects.requireNonNull(kind, "kind must not be null");
            Objects.requireNonNull(dimensions, "dimensions must not be null");
        }

        /**
         * Returns texts of no special kind, whose embeddings are as long as the task says.
         *
         * @param texts the texts, at least one
         * @return the request
         */
        public static Texts of(List<String> texts) {
            return of(Kind.TEXT, texts);
        }

        /**
         * Returns texts of a kind, whose embeddings are as long as the task says.
         *
         * @param kind what they are
         * @param texts the texts, at least one
         * @return the request
         */
        public static Texts of(Kind kind, List<String> texts) {
            return new Texts(texts, kind, null, OptionalInt.empty());
        }
    }

    @Override
    public Head head() {
        return Head.EMBEDDING;
    }

    @Override
    public Embed with(TaskSettings asked) {
        return new Embed(
                asked.maxTokensOr(maxTokens),
                asked.dimensions().isPresent() ? asked.dimensions() : dimensions,
                prompts.with(asked.prompts()));
    }

    @Override
    public String does() {
        return "embeds texts";
    }

    @Override
    public int limit(TextTokens tokens) {
        return maxTokens.orElse(tokens.rules().maxTokens());
    }

    @Override
    public RowModel<Texts, float[]> on(TextTokens tokens, Network network) {
        Objects.requireNonNull(tokens, "tokens must not be null");
        Objects.requireNonNull(network, "network must not be null");
        TextTokens prompted = tokens.withPrompts(tokens.prompts().with(prompts));
        TextTokens limited = prompted.withMaxTokens(limit(tokens));
        if (prompted.prompts().defaultName() != null) {
            // A default prompt that leaves no room is no fault of a text.
            Object unused = limited.encode("");
        }
        ShorterEmbeddings shorter = new ShorterEmbeddings(network);
        return new OnModel(limited, shorter, shorter.require(dimensions.orElse(shorter.dimensions())));
    }

    /** Embeddings of a model. */
    private record OnModel(TextTokens model, ShorterEmbeddings shorter, int length)
            implements RowModel<Texts, float[]> {
        @Override
        public long characters(Texts asked) {
            return TextCheck.characters("texts", asked.texts);
        }

        @Override
        public Sequences tokens(Texts asked) {
            if (asked.prompt != null) {
                return model.tokens(asked.texts, asked.prompt);
            }
            return switch (asked.kind) {
                case TEXT -> model.tokens(asked.texts);
                case QUERY -> model.queries(asked.texts);
                case DOCUMENT -> model.documents(asked.texts);
            };
        }

        @Override
        public List<float[]> read(Texts asked, INDArray outputs) {
            return Arrays.asList(shorter.cut(outputs.toFloatMatrix(), asked.dimensions.orElse(length)));
        }

        @Override
        public int maxTokens() {
            return model.tokenizer().maxTokens();
        }
    }
}
