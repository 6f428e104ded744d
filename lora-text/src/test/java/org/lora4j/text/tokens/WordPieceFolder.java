package org.lora4j.text.tokens;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.lora4j.io.gguf.internal.GgufReader;
import org.lora4j.nn.transformer.PretrainedModel;
import org.lora4j.text.tokens.internal.Vocabulary;
import org.lora4j.text.tokens.internal.VocabularyTokens;

/** The files of Hugging Face that a GGUF file of BERT was made of, but with the weights that the GGUF file stands for. */
final class WordPieceFolder {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final String BEGIN = "\u2581";

    private WordPieceFolder() {}

    static Path write(Path gguf, Path folder) throws IOException {
        PretrainedModel model = PretrainedModel.load(gguf);
        model.save(model.lastHiddenState(), folder);
        Files.writeString(folder.resolve("tokenizer.json"), tokenizer(gguf));
        return folder;
    }

    /** In the vocabulary of Hugging Face, {@code ##} stands before a token that is no beginning of a word. */
    private static String tokenizer(Path gguf) throws IOException {
        VocabularyTokens tokens;
        try (GgufReader reader = GgufReader.open(gguf)) {
            tokens = VocabularyTokens.read(reader.keys());
        }
        Vocabulary vocabulary = tokens.vocabulary();
        ObjectNode file = (ObjectNode) JSON.readTree("""
                {"version": "1.0", "truncation": null, "padding": null, "added_tokens": [],
                 "normalizer": {"type": "BertNormalizer", "clean_text": true, "handle_chinese_chars": true,
                  "strip_accents": null, "lowercase": true},
                 "pre_tokenizer": {"type": "BertPreTokenizer"},
                 "decoder": {"type": "WordPiece", "prefix": "##", "cleanup": true},
                 "model": {"type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "##",
                  "max_input_chars_per_word": 100}}
                """);
        ObjectNode ids = ((ObjectNode) file.get("model")).putObject("vocab");
        ArrayNode added = (ArrayNode) file.get("added_tokens");
        for (int id = 0; id < vocabulary.size(); id++) {
            String text = vocabulary.text(id);
            boolean isSpecial = vocabulary.isControl(id) || id == vocabulary.named("unknown_token_id");
            String name = isSpecial ? text : text.startsWith(BEGIN) ? text.substring(1) : "##" + text;
            ids.put(name, id);
            if (isSpecial) {
                added.addObject()
                        .put("id", id)
                        .put("content", name)
                        .put("single_word", false)
                        .put("lstrip", false)
                        .put("rstrip", false)
                        .put("normalized", false)
                        .put("special", true);
            }
        }
        ObjectNode ends = file.putObject("post_processor").put("type", "BertProcessing");
        ends.putArray("cls").add(vocabulary.text(tokens.prefix()[0])).add(tokens.prefix()[0]);
        ends.putArray("sep").add(vocabulary.text(tokens.suffix()[0])).add(tokens.suffix()[0]);
        return file.toString();
    }
}
