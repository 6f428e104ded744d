package org.lora4j.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.lora4j.fixtures.ByteTokenizer;
import org.lora4j.io.safetensors.SafeTensors;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** Small random models with tokenizers, in the form of Hugging Face's folders. */
final class SmallModels {
    static final int WIDTH = 16;

    private static final int INNER = 32;
    private static final int LAYERS = 2;
    private static final int POSITIONS = 32;
    private static final int CONTEXT = 192;
    private static final List<String> WORDS = List.of(
            "[PAD]", "[CLS]", "[SEP]", "[UNK]", "the", "cat", "purrs", "milk", "ship", "sails", "sea", "a", "on");

    /** The special tokens of the decoder's chats, after the 256 bytes. */
    private static final List<String> SPECIAL = List.of("<|im_start|>", "<|im_end|>");

    private final Random random;
    private final Map<String, INDArray> tensors = new LinkedHashMap<>();

    private SmallModels(long seed) {
        random = new Random(seed);
    }

    private void add(String name, double scale, double shift, long... shape) {
        INDArray array = Nd4j.create(shape);
        for (long i = 0; i < array.length(); i++) {
            array.putScalar(i, shift + scale * random.nextGaussian());
        }
        tensors.put(name, array);
    }

    private void linear(String path, long out, long in, boolean bias) {
        add(path + ".weight", 0.3, 0, out, in);
        if (bias) {
            add(path + ".bias", 0.05, 0, out);
        }
    }

    private void norm(String path, boolean bias) {
        add(path + ".weight", 0.05, 1, WIDTH);
        if (bias) {
            add(path + ".bias", 0.05, 0, WIDTH);
        }
    }

    private void write(Path folder, String config) throws IOException {
        Files.createDirectories(folder);
        SafeTensors.of(tensors, Map.of("format", "pt")).write(folder.resolve("model.safetensors"));
        Files.writeString(folder.resolve("config.json"), config);
    }

    /** A BERT with a pooler, 32 positions and a vocabulary of 13 words. */
    static Path bert(Path folder, long seed) throws IOException {
        return bert(folder, seed, INNER);
    }

    /** The same without the pooler, as an encoder for embeddings. */
    static Path bertWithoutPooler(Path folder, long seed) throws IOException {
        Path file = bert(folder, seed).resolve("model.safetensors");
        SafeTensors all = SafeTensors.read(file);
        Map<String, INDArray> kept = new LinkedHashMap<>();
        for (String name : all.names()) {
            if (!name.startsWith("pooler.")) {
                kept.put(name, all.tensor(name));
            }
        }
        SafeTensors.of(kept, all.metadata()).write(file);
        return folder;
    }

    /** The same with a width of the inner layers. From 3,200 on, their matrices are large enough to be stored in fewer bits. */
    static Path bert(Path folder, long seed, int inner) throws IOException {
        SmallModels model = new SmallModels(seed);
        model.add("embeddings.word_embeddings.weight", 1, 0, WORDS.size(), WIDTH);
        model.add("embeddings.position_embeddings.weight", 0.1, 0, POSITIONS, WIDTH);
        model.add("embeddings.token_type_embeddings.weight", 0.1, 0, 2, WIDTH);
        model.norm("embeddings.LayerNorm", true);
        for (int i = 0; i < LAYERS; i++) {
            String layer = "encoder.layer." + i + ".";
            for (String name : List.of("query", "key", "value")) {
                model.linear(layer + "attention.self." + name, WIDTH, WIDTH, true);
            }
            model.linear(layer + "attention.output.dense", WIDTH, WIDTH, true);
            model.norm(layer + "attention.output.LayerNorm", true);
            model.linear(layer + "intermediate.dense", inner, WIDTH, true);
            model.linear(layer + "output.dense", WIDTH, inner, true);
            model.norm(layer + "output.LayerNorm", true);
        }
        model.linear("pooler.dense", WIDTH, WIDTH, true);
        model.write(folder, """
                {"model_type": "bert", "vocab_size": %s, "hidden_size": %s, "num_hidden_layers": %s,
                 "num_attention_heads": 2, "intermediate_size": %s, "max_position_embeddings": %s, "type_vocab_size": 2,
                 "hidden_act": "gelu", "layer_norm_eps": 1e-12, "hidden_dropout_prob": 0.1,
                 "attention_probs_dropout_prob": 0.1, "pad_token_id": 0}
                """.formatted(WORDS.size(), WIDTH, LAYERS, inner, POSITIONS));
        String vocabulary = IntStream.range(0, WORDS.size())
                .mapToObj(i -> "\"" + WORDS.get(i) + "\":" + i)
                .collect(Collectors.joining(","));
        Files.writeString(folder.resolve("tokenizer.json"), """
                {"version":"1.0","truncation":null,"padding":null,
                 "added_tokens":[
                  {"id":1,"content":"[CLS]","single_word":false,"lstrip":false,"rstrip":false,"normalized":false,
                   "special":true},
                  {"id":2,"content":"[SEP]","single_word":false,"lstrip":false,"rstrip":false,"normalized":false,
                   "special":true}],
                 "normalizer":null,"pre_tokenizer":{"type":"WhitespaceSplit"},
                 "post_processor":{"type":"BertProcessing","sep":["[SEP]",2],"cls":["[CLS]",1]},
                 "decoder":null,
                 "model":{"type":"WordLevel","unk_token":"[UNK]","vocab":{%s}}}
                """.formatted(vocabulary));
        return folder;
    }

    /** A Llama whose tokens are bytes, with a chat template. */
    static Path llama(Path folder, long seed) throws IOException {
        return llama(folder, seed, INNER);
    }

    /** The same with a width of the inner layers. From 3,200 on, their matrices are large enough to be stored in fewer bits. */
    static Path llama(Path folder, long seed, int inner) throws IOException {
        return llama(folder, seed, inner, SPECIAL, CONTEXT);
    }

    /** The same with tokens for yes and no, and with more positions. */
    static Path reranker(Path folder, long seed) throws IOException {
        return llama(folder, seed, INNER, List.of("<|im_start|>", "<|im_end|>", "yes", "no"), 4 * CONTEXT);
    }

    private static Path llama(Path folder, long seed, int inner, List<String> special, int context) throws IOException {
        int vocabulary = 256 + special.size();
        SmallModels model = new SmallModels(seed);
        model.add("model.embed_tokens.weight", 1, 0, vocabulary, WIDTH);
        for (int i = 0; i < LAYERS; i++) {
            String layer = "model.layers." + i + ".";
            model.linear(layer + "self_attn.q_proj", WIDTH, WIDTH, false);
            model.linear(layer + "self_attn.k_proj", WIDTH / 2, WIDTH, false);
            model.linear(layer + "self_attn.v_proj", WIDTH / 2, WIDTH, false);
            model.linear(layer + "self_attn.o_proj", WIDTH, WIDTH, false);
            model.linear(layer + "mlp.gate_proj", inner, WIDTH, false);
            model.linear(layer + "mlp.up_proj", inner, WIDTH, false);
            model.linear(layer + "mlp.down_proj", WIDTH, inner, false);
            model.norm(layer + "input_layernorm", false);
            model.norm(layer + "post_attention_layernorm", false);
        }
        model.norm("model.norm", false);
        // Large enough for probabilities near 1: the norm before it is not trained.
        model.add("lm_head.weight", 1, 0, vocabulary, WIDTH);
        model.write(folder, """
                {"model_type": "llama", "vocab_size": %s, "hidden_size": %s, "num_hidden_layers": %s,
                 "num_attention_heads": 2, "num_key_value_heads": 1, "intermediate_size": %s,
                 "max_position_embeddings": %s, "rms_norm_eps": 1e-6, "rope_theta": 10000.0, "hidden_act": "silu",
                 "tie_word_embeddings": false, "eos_token_id": 257}
                """.formatted(vocabulary, WIDTH, LAYERS, inner, context));
        Files.writeString(folder.resolve("tokenizer.json"), ByteTokenizer.json(special));
        Files.writeString(
                folder.resolve("tokenizer_config.json"),
                """
                {"eos_token": "<|im_end|>", "chat_template": "%s"}
                """.formatted(
                                "{% for message in messages %}<|im_start|>{{ message['role'] }}\\n{{ message['content'] }}"
                                        + "<|im_end|>\\n{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\\n{% endif %}"));
        return folder;
    }
}
