package org.lora4j.spark.internal.base;

import java.io.IOException;
import java.util.OptionalInt;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.lora4j.io.ModelSource;
import org.lora4j.nn.transformer.ModelConfig;
import org.lora4j.text.tokens.TextTokens;
import org.lora4j.text.tokens.Tokenizer;

/** What makes the tokens of an encoder or a decoder in this process, opened when the first row has a text. */
final class BaseTokens implements Supplier<TextTokens> {
    private static final String TOKENIZER = "tokenizer.json";

    private final String path;
    private final SentModel files;
    private final boolean embeds;
    private @Nullable TextTokens opened;

    /**
     * Holds the files.
     *
     * @param embeds whether the model embeds, as encoders and some decoders do
     */
    BaseTokens(String path, SentModel files, boolean embeds) {
        this.path = path;
        this.files = files;
        this.embeds = embeds;
    }

    @Override
    public synchronized TextTokens get() {
        if (opened == null) {
            try {
                opened = open(files.source());
            } catch (IOException e) {
                throw BaseNetwork.unreadable(path, "every executor", e);
            }
        }
        return opened;
    }

    private TextTokens open(ModelSource source) throws IOException {
        if (!(files instanceof SentGguf) && !source.has(TOKENIZER)) {
            throw new IllegalArgumentException("basePath: " + path + " must have the file " + TOKENIZER
                    + " if featuresCol has texts, found none; add it, or give a column of tokens");
        }
        RowTexts.requireLibrary(BaseTokens.class.getClassLoader());
        ModelConfig config = ModelConfig.read(source);
        return config.isDecoder() && !embeds
                ? TextTokens.of(source, config, Tokenizer.load(source))
                : TextTokens.open(source, config, OptionalInt.empty());
    }
}
