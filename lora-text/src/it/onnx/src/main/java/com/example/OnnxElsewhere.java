package com.example;

import ai.djl.huggingface.translator.TextEmbeddingTranslatorFactory;
import ai.djl.inference.Predictor;
import ai.djl.repository.zoo.Criteria;
import ai.djl.repository.zoo.ZooModel;
import com.google.gson.Gson;
import com.google.gson.JsonObject;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.springframework.ai.transformers.TransformersEmbeddingModel;

/**
 * Embeds texts in Spring AI and in DJL with the model.onnx of a folder, and compares with the embeddings of this library.
 *
 * <p>The arguments are the folder and a file of {@code lora embed}, whose embeddings have the norm 1, and the name of its column of
 * texts. Spring AI takes the mean of the tokens and no norm, so its embeddings get it here.
 */
public final class OnnxElsewhere {
    private static final double LARGEST_DIFFERENCE = 1e-5;

    private OnnxElsewhere() {}

    private record Embedded(String text, float[] embedding) {}

    private interface Embedder {
        float[] embed(String text) throws Exception;
    }

    public static void main(String[] args) throws Exception {
        Path folder = Path.of(args[0]).toAbsolutePath();
        List<Embedded> expected = read(Path.of(args[1]), args[2]);

        // First, because DJL refuses an environment of ONNX Runtime that somebody else has made.
        Criteria<String, float[]> criteria = Criteria.builder()
                .setTypes(String.class, float[].class)
                .optModelPath(folder)
                .optModelName("model")
                .optEngine("OnnxRuntime")
                .optTranslatorFactory(new TextEmbeddingTranslatorFactory())
                .optArgument("pooling", "mean")
                .optArgument("normalize", "true")
                .optArgument("includeTokenTypes", "true")
                .build();
        try (ZooModel<String, float[]> model = criteria.loadModel();
                Predictor<String, float[]> djl = model.newPredictor()) {
            compare("DJL", expected, djl::predict);
        }

        TransformersEmbeddingModel springAi = new TransformersEmbeddingModel();
        springAi.setModelResource(folder.resolve("model.onnx").toUri().toString());
        springAi.setTokenizerResource(folder.resolve("tokenizer.json").toUri().toString());
        springAi.setResourceCacheDirectory(folder.resolve("cache").toString());
        springAi.afterPropertiesSet();
        compare("Spring AI", expected, text -> normalized(springAi.embed(text)));
    }

    private static List<Embedded> read(Path file, String column) throws Exception {
        Gson json = new Gson();
        List<Embedded> rows = new ArrayList<>();
        for (String line : Files.readAllLines(file)) {
            JsonObject row = json.fromJson(line, JsonObject.class);
            rows.add(new Embedded(row.get(column).getAsString(), json.fromJson(row.get("embedding"), float[].class)));
        }
        if (rows.isEmpty()) {
            throw new IllegalArgumentException("the file must have embeddings, found none in " + file);
        }
        return rows;
    }

    private static void compare(String program, List<Embedded> expected, Embedder embedder) throws Exception {
        double largest = 0;
        for (Embedded row : expected) {
            float[] found = embedder.embed(row.text());
            if (found.length != row.embedding().length) {
                throw new IllegalStateException(program + " must give embeddings of " + row.embedding().length + " numbers, found "
                        + found.length);
            }
            for (int i = 0; i < found.length; i++) {
                double difference = Math.abs(found[i] - row.embedding()[i]);
                if (!(difference <= LARGEST_DIFFERENCE)) {
                    throw new IllegalStateException(program + " must differ by at most " + LARGEST_DIFFERENCE + ", found " + difference
                            + " in number " + i + " of '" + row.text() + "'");
                }
                largest = Math.max(largest, difference);
            }
        }
        System.out.println(program + ": " + expected.size() + " texts, the largest difference is " + largest);
    }

    private static float[] normalized(float[] vector) {
        double squares = 0;
        for (float value : vector) {
            squares += (double) value * value;
        }
        float[] result = new float[vector.length];
        for (int i = 0; i < result.length; i++) {
            result[i] = (float) (vector[i] / Math.sqrt(squares));
        }
        return result;
    }
}
