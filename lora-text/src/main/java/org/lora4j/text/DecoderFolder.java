package org.lora4j.text;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.lora4j.io.ModelSource;
import org.lora4j.linalg.Precision;
import org.lora4j.nn.BaseStorage;
import org.lora4j.nn.Network;
import org.lora4j.nn.transformer.PretrainedModel;
import org.lora4j.text.chat.ChatTemplate;
import org.lora4j.text.chat.DecoderRules;
import org.lora4j.text.chat.DecoderTokens;
import org.lora4j.text.grammar.GrammarCache;
import org.lora4j.text.grammar.GrammarVocabulary;
import org.lora4j.text.tokens.TextTokens;
import org.lora4j.text.tokens.Tokenizer;
import org.lora4j.text.tokens.internal.TextLimits;
import org.nd4j.linalg.api.buffer.DataType;

/**
 * A folder of Hugging Face's hub with a decoder, opened whole: weights, tokenizer, chat template, and the tokens that end a text.
 * The decoder is of the Llama family or a GPT-2.
 */
public final class DecoderFolder extends TextModel {
    private static final String WHAT = "generation";

    private @Nullable Network network;
    private final DecoderRules rules;
    private final TextTokens textTokens;
    private @Nullable GrammarVocabulary vocabulary;
    private @Nullable GrammarCache grammars;

    /** Takes a tokenizer, which is closed if another file is wrong. */
    DecoderFolder(ModelSource source, PretrainedModel model, Tokenizer tokenizer) throws IOException {
        super(source, model, TextLimits.forDecoder());
        try {
            rules = DecoderRules.read(source, tokenizer, model.config().maxLength());
            textTokens = TextTokens.of(source, model.config(), tokenizer);
        } catch (IOException | RuntimeException e) {
            tokenizer.close();
            throw e;
        }
    }

    /**
     * Opens a folder.
     *
     * @param folder a folder with {@code config.json}, the weights and {@code tokenizer.json}
     * @return the decoder
     * @throws IOException if a file is missing or cannot be read
     * @throws IllegalArgumentException if the model is no decoder, or a file says what this library does not compute; the message
     *     names the file
     */
    public static DecoderFolder open(Path folder) throws IOException {
        return open(folder, BaseStorage.of(Precision.FLOAT));
    }

    /**
     * Opens a folder, and stores the large matrices of the model in fewer bits.
     *
     * @param folder as in {@link #open(Path)}
     * @param storage how they are stored
     * @return the decoder
     * @throws IOException as {@link #open(Path)}
     */
    public static DecoderFolder open(Path folder, BaseStorage storage) throws IOException {
        return open(ModelSource.of(folder), storage);
    }

    /**
     * Opens a folder, with the weights in a type.
     *
     * @param folder as in {@link #open(Path)}
     * @param dataType FLOAT or DOUBLE
     * @return the decoder
     * @throws IOException as {@link #open(Path)}
     * @throws IllegalArgumentException as {@link #open(Path)}, or if the type is neither FLOAT nor DOUBLE
     */
    public static DecoderFolder open(Path folder, DataType dataType) throws IOException {
        return open(ModelSource.of(folder), dataType);
    }

    /**
     * Opens a model from another source than a folder, and stores its large matrices in fewer bits.
     *
     * @param source the files of the model
     * @param storage how they are stored
     * @return the decoder
     * @throws IOException as {@link #open(Path)}
     * @throws IllegalArgumentException as {@link #open(Path)}
     */
    public static DecoderFolder open(ModelSource source, BaseStorage storage) throws IOException {
        configOf(source).requireDecoder(WHAT);
        return new DecoderFolder(source, PretrainedModel.load(source, storage), Tokenizer.load(source));
    }

    /**
     * Opens a model from another source than a folder, with the weights in a type.
     *
     * @param source the files of the model
     * @param dataType FLOAT or DOUBLE
     * @return the decoder
     * @throws IOException as {@link #open(Path)}
     * @throws IllegalArgumentException as {@link #open(Path, DataType)}
     */
    public static DecoderFolder open(ModelSource source, DataType dataType) throws IOException {
        configOf(source).requireDecoder(WHAT);
        return new DecoderFolder(source, PretrainedModel.load(source, dataType), Tokenizer.load(source));
    }

    /**
     * Returns the language model.
     *
     * @return a network whose output is the logits of the next token
     */
    public synchronized Network network() {
        if (network == null) {
            network = model().causal();
        }
        return network;
    }

    /**
     * Returns the longest sequence that the model computes.
     *
     * @return the number of tokens
     */
    public int maxLength() {
        return rules.maxLength();
    }

    /**
     * Returns the most characters of a text that can be a prompt. A longer one is refused before it is turned into tokens.
     *
     * @return {@link #maxLength} times the characters of the longest token of the vocabulary
     */
    public long maxCharacters() {
        return rules.maxCharacters();
    }

    /**
     * Returns what makes the tokens of prompts and of conversations.
     *
     * @return the tokens, for any number of threads
     */
    public DecoderTokens tokens() {
        return new DecoderTokens(rules);
    }

    @Override
    public Tokenizer tokenizer() {
        return rules.tokenizer();
    }

    @Override
    public TextTokens textTokens() {
        return textTokens;
    }

    /**
     * Returns the chat template.
     *
     * @return the template; nothing if the folder has none
     */
    public Optional<ChatTemplate> template() {
        return rules.template();
    }

    /**
     * Returns the chat template of a model that must have one.
     *
     * @return the template
     * @throws IOException if the folder has none
     */
    public ChatTemplate requireTemplate() throws IOException {
        return rules.template()
                .orElseThrow(() ->
                        new IOException(source() + ": the model must have a chat template, in chat_template.jinja, in"
                                + " tokenizer_config.json or in tokenizer.chat_template of a GGUF file, found none; use a model"
                                + " that was trained for chats, or plain text"));
    }

    /**
     * Returns the tokens that end a text.
     *
     * @return {@code eos_token_id} of {@code config.json} and {@code generation_config.json}, and {@code eos_token}
     */
    public Set<Integer> endIds() {
        return rules.endIds();
    }

    /**
     * Returns the forms of answers for this model. The bytes of its tokens are read with the first call.
     *
     * @return the constraints of the JSON Schemas that were used last
     * @throws IllegalArgumentException if the tokens have no bytes, or cannot be read any more
     */
    public synchronized GrammarCache grammars() {
        if (grammars == null) {
            grammars = new GrammarCache(vocabulary());
        }
        return grammars;
    }

    /**
     * Returns the forms of answers without reading anything for them.
     *
     * @return nothing before the first call of {@link #grammars}
     */
    public synchronized Optional<GrammarCache> knownGrammars() {
        return Optional.ofNullable(grammars);
    }

    /**
     * Returns the bytes of the tokens, which are read with the first call.
     *
     * @return the ordinary tokens
     * @throws IllegalArgumentException if the tokens have no bytes, or cannot be read any more
     */
    public synchronized GrammarVocabulary vocabulary() {
        if (vocabulary == null) {
            try {
                vocabulary = GrammarVocabulary.load(source())
                        .withTokenizer(text -> tokenizer().ids(text, false));
            } catch (IOException e) {
                throw new IllegalArgumentException(
                        "forms and log probabilities of answers need the bytes of tokens: " + e.getMessage(), e);
            }
        }
        return vocabulary;
    }

    @Override
    public void close() {
        rules.tokenizer().close();
    }
}
