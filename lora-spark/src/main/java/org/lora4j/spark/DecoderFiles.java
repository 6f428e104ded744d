package org.lora4j.spark;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeSet;
import java.util.regex.Pattern;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;

/** The files of a decoder's folder that are read. */
final class DecoderFiles {
    static final String WEIGHTS = "model.safetensors";
    static final String INDEX = "model.safetensors.index.json";

    private static final List<String> SMALL = List.of(
            "config.json",
            "generation_config.json",
            "tokenizer.json",
            "tokenizer_config.json",
            "chat_template.jinja",
            INDEX);
    private static final int MOST_BYTES = 50_000_000;
    private static final Pattern PLAIN = Pattern.compile("[\\w.-]+\\.safetensors");

    private DecoderFiles() {}

    /** The files without weights that the folder has. */
    static List<String> small(Path folder, Configuration hadoop) throws IOException {
        FileSystem files = folder.getFileSystem(hadoop);
        List<String> found = new ArrayList<>();
        for (String name : SMALL) {
            if (files.exists(new Path(folder, name))) {
                found.add(name);
            }
        }
        return found;
    }

    /**
     * The files with weights: one, or those that the index names.
     *
     * @throws IOException if there is neither, or the index is wrong
     */
    static List<String> weights(Path folder, Configuration hadoop) throws IOException {
        FileSystem files = folder.getFileSystem(hadoop);
        if (files.exists(new Path(folder, WEIGHTS))) {
            return List.of(WEIGHTS);
        }
        Path index = new Path(folder, INDEX);
        if (!files.exists(index)) {
            throw new FileNotFoundException("no " + WEIGHTS + " and no " + INDEX);
        }
        TreeSet<String> names = new TreeSet<>();
        try (InputStream in = HadoopFiles.open(files, index)) {
            JsonNode map =
                    new ObjectMapper().readTree(in.readNBytes(MOST_BYTES)).path("weight_map");
            for (JsonNode name : map) {
                // A name with a path could read any file of the machine.
                if (!PLAIN.matcher(name.asText()).matches()) {
                    throw new IOException(
                            index + ": each file must be a .safetensors file in the same folder, found " + name);
                }
                names.add(name.asText());
            }
        } catch (JsonProcessingException e) {
            throw new IOException(index + ": must be JSON, found: " + e.getOriginalMessage(), e);
        }
        if (names.isEmpty()) {
            throw new IOException(index + ": must have a weight_map from tensors to files, found none");
        }
        return List.copyOf(names);
    }
}
