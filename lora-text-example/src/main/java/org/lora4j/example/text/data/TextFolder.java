package org.lora4j.example.text.data;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.nio.channels.Channels;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.zip.GZIPInputStream;
import org.jspecify.annotations.Nullable;
import org.lora4j.io.FileAccess;

/**
 * A folder of texts: the State of the Union addresses that are part of this program, or another one in the same form. Its
 * files have two fields in each line with a tab between them, in UTF-8 and without a header, gzipped or not.
 */
public final class TextFolder {
    private static final String TSV = ".tsv";
    private static final String GZIP = ".gz";

    private final @Nullable Path folder;

    private TextFolder(@Nullable Path folder) {
        this.folder = folder;
    }

    /**
     * Returns the texts that are part of this program.
     *
     * @return the State of the Union addresses
     */
    public static TextFolder bundled() {
        return new TextFolder(null);
    }

    /**
     * Returns a folder of texts.
     *
     * @param folder the folder
     * @return the texts in it, which are not read yet
     * @throws IOException if there is no such folder
     */
    public static TextFolder of(Path folder) throws IOException {
        if (!Files.isDirectory(folder)) {
            throw new FileSystemException(
                    folder.toString(),
                    null,
                    Files.exists(folder)
                            ? "must be a folder with texts, found a file; give the folder that it is in"
                            : "there is no such folder");
        }
        return new TextFolder(folder);
    }

    /**
     * Returns the name of the texts.
     *
     * @return the folder, or what the bundled texts are
     */
    public String title() {
        return folder == null ? "State of the Union addresses" : folder.toString();
    }

    /** Two fields of a line. */
    record Row(String first, String second) {}

    /** Reads a file. */
    List<Row> rows(String name) throws IOException {
        return find(name)
                .orElseThrow(() -> new IOException(title() + ": must have the file " + name + TSV + " or " + name + TSV
                        + GZIP + ", found neither"))
                .read();
    }

    /** Reads a file that need not be there. */
    List<Row> rowsIfPresent(String name) throws IOException {
        Optional<TsvFile> file = find(name);
        return file.isPresent() ? file.get().read() : List.of();
    }

    private Optional<TsvFile> find(String name) throws IOException {
        for (String file : List.of(name + TSV, name + TSV + GZIP)) {
            if (folder == null) {
                InputStream stream = TextFolder.class.getResourceAsStream(file);
                if (stream != null) {
                    return Optional.of(new TsvFile(file, stream));
                }
            } else if (Files.exists(folder.resolve(file))) {
                Path path = folder.resolve(file);
                return Optional.of(new TsvFile(path.toString(), Channels.newInputStream(FileAccess.open(path))));
            }
        }
        return Optional.empty();
    }

    /** A file that is open. */
    private record TsvFile(String name, InputStream stream) {
        List<Row> read() throws IOException {
            try (InputStream opened = stream;
                    InputStream plain = name.endsWith(GZIP) ? new GZIPInputStream(opened) : opened;
                    // A decoder of its own reports malformed bytes instead of replacing them.
                    BufferedReader lines =
                            new BufferedReader(new InputStreamReader(plain, StandardCharsets.UTF_8.newDecoder()))) {
                List<Row> rows = new ArrayList<>();
                for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                    rows.add(row(line, rows.size() + 1));
                }
                if (rows.isEmpty()) {
                    throw new IOException(name + ": must have at least one line, found none");
                }
                return rows;
            } catch (CharacterCodingException e) {
                throw new IOException(name + ": must be text in UTF-8, found other bytes", e);
            } catch (java.util.zip.ZipException | java.io.EOFException e) {
                throw new IOException(name + ": must be a complete gzip file, found: " + e.getMessage(), e);
            }
        }

        private Row row(String line, int number) throws IOException {
            String[] fields = line.split("\t", -1);
            if (fields.length != 2 || fields[0].isBlank() || fields[1].isBlank()) {
                throw new IOException(
                        "%s: line %d must have two fields that are not blank, with a tab between them, found %s"
                                .formatted(name, number, describe(line, fields.length)));
            }
            return new Row(fields[0].strip(), fields[1].strip());
        }

        private static String describe(String line, int fields) {
            String start = line.length() > 40 ? line.substring(0, 40) + "…" : line;
            return fields + (fields == 1 ? " field in \"" : " fields in \"") + start.replace('\t', ' ') + "\"";
        }
    }
}
