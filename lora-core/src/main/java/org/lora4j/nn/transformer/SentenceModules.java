package org.lora4j.nn.transformer;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.lora4j.internal.MessageText;
import org.lora4j.internal.StrictJson;
import org.lora4j.io.ModelSource;
import org.lora4j.io.internal.AtomicFile;
import org.lora4j.nn.layer.Layer;
import org.lora4j.nn.layer.Normalize;
import org.lora4j.nn.layer.Pooling;

/**
 * What sentence-transformers stores beside an encoder: {@code modules.json}, which says what follows on the encoder, and a folder
 * for each module.
 *
 * @param texts the files that were read, by name
 */
record SentenceModules(Map<String, String> texts) {
    static final SentenceModules NONE = new SentenceModules(Map.of());

    static final String MODULES = "modules.json";
    private static final String CONFIG = "/config.json";
    private static final String POOLING_FOLDER = "1_Pooling";
    static final String POOLING = POOLING_FOLDER + CONFIG;

    private static final String TRANSFORMER = "Transformer";
    private static final String POOL = "Pooling";
    private static final String DENSE = "Dense";
    private static final String NORMALIZE = "Normalize";

    /** Modules of other packages have code of their own, even if a class has the same name. */
    private static final String PACKAGE = "sentence_transformers.";

    /** A path could name any file of the machine, and a point would end a name in the path of a module. */
    private static final Pattern FOLDER = Pattern.compile("[A-Za-z0-9_-]{1,100}");

    private static final String MEAN_FILE = "{\"pooling_mode_mean_tokens\": true}\n";
    private static final String MEAN_MODULES = """
            [
              {"idx": 0, "name": "0", "path": "", "type": "sentence_transformers.models.Transformer"},
              {"idx": 1, "name": "1", "path": "1_Pooling", "type": "sentence_transformers.models.Pooling"},
              {"idx": 2, "name": "2", "path": "2_Normalize", "type": "sentence_transformers.models.Normalize"}
            ]
            """;

    /**
     * An entry of the list.
     *
     * @param type the class, with its package
     * @param folder the folder
     */
    private record Entry(String type, String folder) {
        String name() {
            return type.startsWith(PACKAGE) ? type.substring(type.lastIndexOf('.') + 1) : type;
        }

        boolean is(String name) {
            return name().equals(name) && (name.equals(TRANSFORMER) ? folder.isEmpty() : hasPlainFolder());
        }

        boolean hasPlainFolder() {
            return FOLDER.matcher(folder).matches();
        }

        @Override
        public String toString() {
            return type + " in " + folder;
        }
    }

    static SentenceModules read(ModelSource source) throws IOException {
        Map<String, String> texts = new LinkedHashMap<>();
        for (String file : settings(source)) {
            texts.put(file, ModelFiles.read(source, file));
        }
        return new SentenceModules(Collections.unmodifiableMap(texts));
    }

    /** The files without weights that there are. */
    static List<String> settings(ModelSource source) throws IOException {
        Set<String> files = new LinkedHashSet<>(List.of(MODULES));
        readableEntries(source).filter(Entry::hasPlainFolder).forEach(entry -> files.add(entry.folder() + CONFIG));
        files.add(POOLING);
        return ModelFiles.existing(source, files);
    }

    /** The files with weights that there are. */
    static List<String> weights(ModelSource source) throws IOException {
        return ModelFiles.existing(
                source,
                readableEntries(source)
                        .filter(entry -> entry.is(DENSE))
                        .map(entry -> SentenceDense.weights(entry.folder()))
                        .toList());
    }

    /** The entries of a file that may be wrong: nothing says so before someone wants an embedding. */
    private static Stream<Entry> readableEntries(ModelSource source) throws IOException {
        String text = ModelFiles.readIfExists(source, MODULES);
        if (text == null) {
            return Stream.of();
        }
        try {
            return entries(text).stream();
        } catch (IllegalArgumentException e) {
            return Stream.of();
        }
    }

    /** Whether the mean is only a guess, because no file says how sentence embeddings are made. */
    boolean isGuess() {
        return texts.isEmpty();
    }

    /**
     * Writes the files that were read, so that the model is pooled as before when it is loaded again. If there were none, the
     * files of another model in the folder are replaced by those of the mean.
     */
    void write(Path folder) throws IOException {
        Map<String, String> files = new LinkedHashMap<>(texts);
        if (Files.exists(folder.resolve(MODULES))) {
            files.putIfAbsent(MODULES, MEAN_MODULES);
        }
        if (Files.exists(folder.resolve(POOLING))) {
            files.putIfAbsent(POOLING, MEAN_FILE);
        }
        for (Map.Entry<String, String> file : files.entrySet()) {
            Path path = folder.resolve(file.getKey());
            Files.createDirectories(path.getParent());
            AtomicFile.write(path, file.getValue());
        }
    }

    /**
     * Returns how one vector is made of those of the tokens: the mean if there are no files, as sentence-transformers does it.
     *
     * @throws IllegalArgumentException if the files ask for something that this library does not compute
     */
    SentencePooling pooling() {
        String folder = entries().get(1).folder();
        String text = texts.get(folder + CONFIG);
        if (text == null && texts.containsKey(MODULES)) {
            throw missing(folder);
        }
        return text == null ? SentencePooling.MEAN : SentencePooling.parse(folder + CONFIG, text);
    }

    /**
     * Returns the {@code Dense} modules.
     *
     * @throws IllegalArgumentException as {@link #pooling}
     */
    List<SentenceDense> dense() {
        return entries().stream()
                .filter(entry -> entry.is(DENSE))
                .map(this::dense)
                .toList();
    }

    /** Returns the {@code Dense} modules; none if nothing can be computed, of which who wants an embedding is told. */
    List<SentenceDense> denseIfComputable() {
        try {
            return dense();
        } catch (IllegalArgumentException e) {
            return List.of();
        }
    }

    private SentenceDense dense(Entry entry) {
        String text = texts.get(entry.folder() + CONFIG);
        if (text == null) {
            throw missing(entry.folder());
        }
        return SentenceDense.parse(entry.folder(), entry.folder() + CONFIG, text);
    }

    private static IllegalArgumentException missing(String folder) {
        return new IllegalArgumentException(MODULES + ": the module in " + folder + " must have " + folder + CONFIG
                + ", found no such file; download the whole folder of the model");
    }

    /**
     * Creates the layers after the last hidden states.
     *
     * @param width the length of the vectors of tokens
     * @throws IllegalArgumentException as {@link #pooling}, or if the sizes of the modules do not fit
     */
    List<Layer> layers(ModelParts parts, long width) {
        List<Layer> layers = new ArrayList<>();
        long size = width;
        for (Entry entry : entries()) {
            List<Layer> more = layers(entry, parts, size);
            layers.addAll(more);
            for (Layer layer : more) {
                size = layer.outputSize(size);
            }
        }
        return layers;
    }

    private List<Layer> layers(Entry entry, ModelParts parts, long width) {
        String path = parts.path(entry.folder());
        return switch (entry.name()) {
            case POOL ->
                List.of(new Pooling(path, pooling().methods(), pooling().includesPrompt()));
            case DENSE -> dense(entry).layers(parts, width);
            case NORMALIZE -> {
                String text = texts.get(entry.folder() + CONFIG);
                if (text != null) {
                    SentenceDense.requireSentence(
                            entry.folder() + CONFIG, StrictJson.parse(entry.folder() + CONFIG, text));
                }
                yield List.of(new Normalize(path));
            }
            default -> List.of();
        };
    }

    /** The entries, which were checked; a pooling and a normalization if there is no list. */
    private List<Entry> entries() {
        List<Entry> entries = entries(texts.getOrDefault(MODULES, MEAN_MODULES));
        List<Entry> wrong = new ArrayList<>();
        Set<String> folders = new LinkedHashSet<>();
        for (int i = 0; i < entries.size(); i++) {
            Entry entry = entries.get(i);
            boolean isRight = switch (i) {
                case 0 -> entry.is(TRANSFORMER);
                case 1 -> entry.is(POOL);
                default -> entry.is(DENSE) || entry.is(NORMALIZE);
            };
            if (!isRight || !folders.add(entry.folder())) {
                wrong.add(entry);
            }
        }
        if (entries.size() < 2 || !wrong.isEmpty()) {
            throw new IllegalArgumentException(MODULES
                    + ": this library computes sentence embeddings of a Transformer in the folder itself, then a Pooling, then"
                    + " any of Dense and Normalize, all of the package sentence_transformers and each in a folder of its own,"
                    + " found "
                    + MessageText.list((wrong.isEmpty() ? entries : wrong)
                            .stream().map(Entry::toString).toList()));
        }
        return entries;
    }

    private static List<Entry> entries(String text) {
        JsonNode list = StrictJson.parse(MODULES, text);
        if (!list.isArray()) {
            throw new IllegalArgumentException(MODULES + ": must be a list of modules, found no list");
        }
        List<Entry> entries = new ArrayList<>();
        for (JsonNode module : list) {
            entries.add(
                    new Entry(module.path("type").asText(), module.path("path").asText()));
        }
        return entries;
    }
}
