package org.lora4j.langchain4j;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.Objects;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.lora4j.LoRAModel;
import org.lora4j.adapter.LoRAConfig;
import org.lora4j.adapter.LoRAConfigBuilder;
import org.lora4j.adapter.LoRAInit;
import org.lora4j.nn.transformer.PretrainedModel;
import org.lora4j.text.DecoderFolder;
import org.lora4j.text.EncoderFolder;

/** Folders of small models with random weights, and adapters large enough to change what they compute. */
final class SmallFolders {
    private static final String WORDS = """
            {"version":"1.0","truncation":null,"padding":null,
             "added_tokens":[
              {"id":1,"content":"[CLS]","single_word":false,"lstrip":false,"rstrip":false,"normalized":false,"special":true},
              {"id":2,"content":"[SEP]","single_word":false,"lstrip":false,"rstrip":false,"normalized":false,"special":true}],
             "normalizer":null,"pre_tokenizer":{"type":"WhitespaceSplit"},
             "post_processor":{"type":"BertProcessing","sep":["[SEP]",2],"cls":["[CLS]",1]},
             "decoder":null,
             "model":{"type":"WordLevel","unk_token":"[UNK]",
              "vocab":{"[PAD]":0,"[CLS]":1,"[SEP]":2,"[UNK]":3,"query:":4,"passage:":5,"where":6,"is":7,"my":8,"parcel":9,
               "it":10,"comes":11,"today":12}}}
            """;

    /** The characters that are tokens of the decoder: 4 special ones before them, 61 in all. */
    private static final String LETTERS = "abcdefghijklmnopqrstuvwxyz \n?.,ABCDEFGHIJKLMNOPQRSTUVWXYZ";

    private static final List<String> SPECIAL = List.of("<pad>", "<|im_start|>", "<|im_end|>", "<s>");
    private static final String TEMPLATE =
            "{% for message in messages %}<|im_start|>{{ message['role'] }}\\n{{ message['content'] }}<|im_end|>\\n"
                    + "{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\\n{% endif %}";

    private SmallFolders() {}

    /** A BERT with 16 positions. */
    static Path encoder(Path folder) throws IOException {
        copy("encoder_forward", folder);
        Files.writeString(folder.resolve("tokenizer.json"), WORDS);
        return folder;
    }

    /** The same with a classifier of some outputs. */
    static Path classifier(Path folder, int outputs) throws IOException {
        PretrainedModel bert = PretrainedModel.load(encoder(folder));
        // Far from the linear part of the scores, and from each other.
        bert.save(bert.classifier(outputs, 7), folder);
        return folder;
    }

    /** A Llama with 64 positions whose tokens are letters, and a chat template. */
    static Path decoder(Path folder) throws IOException {
        copy("decoder_llama", folder);
        String vocabulary = IntStream.range(0, LETTERS.length())
                .mapToObj(i -> "\"" + letter(LETTERS.charAt(i)) + "\":" + (SPECIAL.size() + i))
                .collect(Collectors.joining(","));
        String added = IntStream.range(0, SPECIAL.size())
                .mapToObj(i -> """
                        {"id":%s,"content":"%s","single_word":false,"lstrip":false,"rstrip":false,"normalized":false,
                         "special":true}""".formatted(i, SPECIAL.get(i)))
                .collect(Collectors.joining(","));
        Files.writeString(folder.resolve("tokenizer.json"), """
                {"version":"1.0","truncation":null,"padding":null,"added_tokens":[%s],"normalizer":null,
                 "pre_tokenizer":{"type":"ByteLevel","add_prefix_space":false,"trim_offsets":false,"use_regex":false},
                 "post_processor":null,
                 "decoder":{"type":"ByteLevel","add_prefix_space":false,"trim_offsets":false,"use_regex":false},
                 "model":{"type":"BPE","dropout":null,"unk_token":null,"continuing_subword_prefix":null,
                  "end_of_word_suffix":null,"fuse_unk":false,"byte_fallback":false,"vocab":{%s},"merges":[]}}
                """.formatted(added, vocabulary));
        Files.writeString(folder.resolve("tokenizer_config.json"), """
                {"eos_token": "<|im_end|>", "chat_template": "%s"}
                """.formatted(TEMPLATE));
        return folder;
    }

    /** How GPT-2's vocabulary writes a byte. */
    private static char letter(char c) {
        return c == ' ' ? '\u0120' : c == '\n' ? '\u010a' : c;
    }

    private static void copy(String golden, Path folder) throws IOException {
        Files.createDirectories(folder);
        for (String file : List.of("config.json", "model.safetensors")) {
            String resource = "/golden/" + golden + "/" + file;
            try (InputStream stream = Objects.requireNonNull(SmallFolders.class.getResourceAsStream(resource))) {
                Files.copy(stream, folder.resolve(file), StandardCopyOption.REPLACE_EXISTING);
            }
        }
    }

    static void encoderAdapter(Path encoder, Path folder, long seed) throws IOException {
        try (EncoderFolder opened = EncoderFolder.open(encoder)) {
            boolean classifies = opened.model().hasClassifier();
            save(
                    LoRAModel.of(classifies ? opened.model().classifier() : opened.sentenceEmbeddings()),
                    folder,
                    config(seed, "query", "value").build());
        }
    }

    static void decoderAdapter(Path decoder, Path folder, long seed) throws IOException {
        try (DecoderFolder opened = DecoderFolder.open(decoder)) {
            save(
                    LoRAModel.of(opened.network()),
                    folder,
                    config(seed, "q_proj", "v_proj", "down_proj").build());
        }
    }

    static LoRAConfigBuilder config(long seed, String... modules) {
        return LoRAConfig.builder()
                .rank(2)
                .alpha(40)
                .init(LoRAInit.random())
                .seed(seed)
                .targetModules(modules);
    }

    private static void save(LoRAModel model, Path folder, LoRAConfig config) throws IOException {
        model.add("x", config).save(folder);
    }
}
