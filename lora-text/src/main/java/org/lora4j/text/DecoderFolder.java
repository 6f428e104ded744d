package org.lora4j.text;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;
import org.lora4j.io.ModelSource;
import org.lora4j.linalg.Precision;
import org.lora4j.nn.BaseStorage;
import org.lora4j.nn.Network;
import org.lora4j.nn.transformer.PretrainedModel;
import org.lora4j.text.grammar.GrammarCache;
import org.lora4j.text.grammar.GrammarVocabulary;
import org.nd4j.linalg.api.buffer.DataType;

/**
 * A folder of Hugging Face's hub with a decoder, opened whole: weights, tokenizer, chat template, and the tokens that end a text.
 * The decoder is of the Llama family or a GPT-2.
 */
public final class DecoderFolder extends TextModel {
    private static final String WHAT = "generation";
    private static final String EOS = "eos_token_id";

    private @Nullable Network network;
    private final Tokenizer tokenizer;
    private final @Nullable ChatTemplate template;
    private final Set<Integer> endIds;
    private final int longestToken;
    private @Nullable GrammarVocabulary vocabulary;
    private @Nullable GrammarCache grammars;

    /** Takes a tokenizer, which is closed if another file is wrong. */
    DecoderFolder(ModelSource source, PretrainedModel model, Tokenizer tokenizer) throws IOException {
        super(source, model, TextLimits.forDecoder());
        this.tokenizer = tokenizer;
        try {
            template = template(source);
            endIds = endIds(source, tokenizer, template);
            longestToken = LongestToken.read(source);
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

    private static @Nullable ChatTemplate template(ModelSource source) throws IOException {
        try {
            return ChatTemplate.load(source);
        } catch (FileNotFoundException e) {
            return null;
        }
    }

    private static Set<Integer> endIds(ModelSource source, Tokenizer tokenizer, @Nullable ChatTemplate template)
            throws IOException {
        Set<Integer> ids = new TreeSet<>();
        for (String file : new String[] {"config.json", "generation_config.json"}) {
            JsonNode json = Json.readIfExists(source, file);
            if (json != null) {
                JsonNode eos = json.path(EOS);
                if (eos.isInt()) {
                    ids.add(eos.intValue());
                }
                eos.forEach(id -> ids.add(id.asInt()));
            }
        }
        if (template != null) {
            template.specialToken("eos_token")
                    .ifPresent(token -> tokenizer.tokenId(token).ifPresent(ids::add));
        }
        return ids;
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
        return model().config().maxLength();
    }

    /**
     * Returns the most characters of a text that can be a prompt. A longer one is refused before it is turned into tokens.
     *
     * @return {@link #maxLength} times the characters of the longest token of the vocabulary
     */
    public long maxCharacters() {
        return (long) maxLength() * longestToken;
    }

    /** The most characters of a token. */
    int longestToken() {
        return longestToken;
    }

    @Override
    public Tokenizer tokenizer() {
        return tokenizer;
    }

    /**
     * Returns the chat template.
     *
     * @return the template; nothing if the folder has none
     */
    public Optional<ChatTemplate> template() {
        return Optional.ofNullable(template);
    }

    /**
     * Returns the chat template of a model that must have one.
     *
     * @return the template
     * @throws IOException if the folder has none
     */
    public ChatTemplate requireTemplate() throws IOException {
        if (template == null) {
            throw new IOException(source() + ": the model must have a chat template, in chat_template.jinja, in"
                    + " tokenizer_config.json or in tokenizer.chat_template of a GGUF file, found none; use a model"
                    + " that was trained for chats, or plain text");
        }
        return template;
    }

    /**
     * Returns the tokens that end a text.
     *
     * @return {@code eos_token_id} of {@code config.json} and {@code generation_config.json}, and {@code eos_token}
     */
    public Set<Integer> endIds() {
        return Set.copyOf(endIds);
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
                vocabulary = GrammarVocabulary.load(source()).withTokenizer(text -> tokenizer.ids(text, false));
            } catch (IOException e) {
                throw new IllegalArgumentException(
                        "forms and log probabilities of answers need the bytes of tokens: " + e.getMessage(), e);
            }
        }
        return vocabulary;
    }

    @Override
    public void close() {
        tokenizer.close();
    }
}
