package org.lora4j.io.safetensors;

import com.fasterxml.jackson.core.JacksonException;
import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadConstraints;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.Reader;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.lora4j.internal.MessageText;
import org.lora4j.io.ReadOptions;
import org.lora4j.io.internal.ArrayBytes;

/**
 * Parses a header token by token and checks every rule of the format. A header that breaks a rule ends in a
 * {@link SafeTensorsException}. The parser allocates nothing of a size that the header claims.
 */
final class HeaderParser {
    // The names are untrusted input, so they must not fill the JVM's or Jackson's shared tables of names.
    private static final JsonFactory JSON = JsonFactory.builder()
            .disable(JsonFactory.Feature.INTERN_FIELD_NAMES)
            .disable(JsonFactory.Feature.CANONICALIZE_FIELD_NAMES)
            .streamReadConstraints(StreamReadConstraints.builder()
                    .maxNameLength(SafeTensorsHeader.MAX_LENGTH)
                    .maxStringLength(SafeTensorsHeader.MAX_LENGTH)
                    .build())
            .build();

    private final String source;
    private final JsonParser json;
    private final ReadOptions options;
    private final Map<String, TensorInfo> tensors = new LinkedHashMap<>();
    private @Nullable Map<String, String> metadata;

    private HeaderParser(String source, JsonParser json, ReadOptions options) {
        this.source = source;
        this.json = json;
        this.options = options;
    }

    /**
     * Returns the length of the JSON text.
     *
     * @param source the name of the file in messages
     * @param prefix the first bytes of the file: the length as a little-endian u64, less if the file has no more
     * @param options the most bytes of a header
     * @throws SafeTensorsException if the prefix is too short or the length is beyond the limit
     */
    static int length(String source, byte[] prefix, ReadOptions options) throws SafeTensorsException {
        if (prefix.length < SafeTensorsHeader.PREFIX) {
            String rule = "must have at least " + SafeTensorsHeader.PREFIX + " bytes";
            throw new SafeTensorsException(source, "file", rule, prefix.length);
        }
        long length = ByteBuffer.wrap(prefix).order(ByteOrder.LITTLE_ENDIAN).getLong();
        if (length < 0 || length > options.headerBytes()) {
            String other = otherKind(prefix);
            String rule = other == null
                    ? "the header must have at most " + options.headerBytes() + " bytes"
                    : "must be a safetensors file";
            throw new SafeTensorsException(
                    source, "byte 0", rule, other == null ? Long.toUnsignedString(length) : other);
        }
        return (int) length;
    }

    /** Refuses a file that has more bytes than the limit. */
    static void requireFileBytes(String source, long found, ReadOptions options) throws SafeTensorsException {
        if (found > options.fileBytes()) {
            throw new SafeTensorsException(
                    source, "file", "must have at most " + options.fileBytes() + " bytes", found);
        }
    }

    /** Recognizes files that are often in the place of safetensors; null for any other. */
    private static @Nullable String otherKind(byte[] prefix) {
        String start = new String(prefix, StandardCharsets.ISO_8859_1);
        if (start.equals("version ")) {
            return "a Git LFS pointer; fetch the file itself with 'git lfs pull'";
        }
        if (start.startsWith("PK\3\4")) {
            return "a ZIP archive, as PyTorch writes; convert it to safetensors";
        }
        return start.startsWith("{") ? "a JSON text" : null;
    }

    /**
     * Parses the JSON text.
     *
     * @param source the name of the file in messages
     * @param json the bytes of the text, less if the file has no more
     * @param length the length of the text
     * @param options the most tensors
     * @return the header
     * @throws SafeTensorsException if the header is too short, breaks a rule or has too many tensors
     */
    static SafeTensorsHeader parse(String source, byte[] json, int length, ReadOptions options)
            throws SafeTensorsException {
        if (json.length < length) {
            String rule = "the header must have at most the " + json.length + " bytes that follow";
            throw new SafeTensorsException(source, "byte 0", rule, length);
        }
        int end = requireBraces(source, json);
        try (JsonParser parser = JSON.createParser(strictUtf8(json, end))) {
            HeaderParser header = new HeaderParser(source, parser, options);
            header.readHeader();
            return header.inDataOrder(SafeTensorsHeader.PREFIX + (long) length);
        } catch (CharacterCodingException e) {
            throw new SafeTensorsException(source, "header", "must be valid UTF-8", "other bytes", e);
        } catch (JacksonException e) {
            String where = e.getLocation() == null
                    ? "header"
                    : "header, character " + e.getLocation().getCharOffset();
            throw new SafeTensorsException(source, where, "must be valid JSON", "a syntax error");
        } catch (SafeTensorsException e) {
            throw e;
        } catch (IOException e) {
            throw new AssertionError("reading from memory does not fail", e);
        }
    }

    /** Checks the first byte, and the last before the padding. Returns the position where the padding begins. */
    private static int requireBraces(String source, byte[] json) throws SafeTensorsException {
        if (json.length == 0 || json[0] != '{') {
            String found = json.length == 0 ? "an empty header" : hex(json[0]);
            throw new SafeTensorsException(
                    source, "byte " + SafeTensorsHeader.PREFIX, "the header must start with '{'", found);
        }
        int end = json.length;
        while (json[end - 1] == ' ') {
            end--;
        }
        if (json[end - 1] != '}') {
            String where = "byte " + (SafeTensorsHeader.PREFIX + end - 1);
            throw new SafeTensorsException(
                    source, where, "the header must end with '}' and spaces", hex(json[end - 1]));
        }
        return end;
    }

    private static Reader strictUtf8(byte[] bytes, int length) {
        return new InputStreamReader(
                new ByteArrayInputStream(bytes, 0, length),
                StandardCharsets.UTF_8
                        .newDecoder()
                        .onMalformedInput(CodingErrorAction.REPORT)
                        .onUnmappableCharacter(CodingErrorAction.REPORT));
    }

    private void readHeader() throws IOException {
        json.nextToken();
        while (json.nextToken() == JsonToken.FIELD_NAME) {
            String name = text("header");
            if (name.equals(SafeTensorsHeader.METADATA)) {
                readMetadata();
            } else {
                readTensor(name);
            }
        }
        if (json.nextToken() != null) {
            throw refuse("header", "must be one JSON object", found());
        }
    }

    private void readMetadata() throws IOException {
        if (metadata != null) {
            throw refuse(SafeTensorsHeader.METADATA, "must occur once", "a second one");
        }
        expect(JsonToken.START_OBJECT, SafeTensorsHeader.METADATA, "must be an object");
        Map<String, String> read = new LinkedHashMap<>();
        while (json.nextToken() == JsonToken.FIELD_NAME) {
            String key = text(SafeTensorsHeader.METADATA);
            String where = SafeTensorsHeader.METADATA + " " + MessageText.quote(key);
            expect(JsonToken.VALUE_STRING, where, "must be a string");
            if (read.put(key, text(where)) != null) {
                throw refuse(where, "keys must be unique", "a second one");
            }
        }
        metadata = read;
    }

    private void readTensor(String name) throws IOException {
        String where = "tensor " + MessageText.quote(name);
        expect(JsonToken.START_OBJECT, where, "must be an object");
        Dtype dtype = null;
        long[] shape = null;
        long[] offsets = null;
        Set<String> fields = new HashSet<>();
        while (json.nextToken() == JsonToken.FIELD_NAME) {
            String field = json.currentName();
            switch (field) {
                case "dtype" -> dtype = readDtype(where);
                case "shape" -> shape = readNumbers(where, field, ArrayBytes.MAX_RANK);
                case "data_offsets" -> offsets = readNumbers(where, field, 2);
                default ->
                    throw refuse(where, "fields must be dtype, shape and data_offsets", MessageText.quote(field));
            }
            if (!fields.add(field)) {
                throw refuse(where, "fields must be unique", "a second " + field);
            }
        }
        if (dtype == null || shape == null || offsets == null) {
            String missing = dtype == null ? "dtype" : shape == null ? "shape" : "data_offsets";
            throw refuse(where, "must have dtype, shape and data_offsets", "no " + missing);
        }
        if (offsets.length != 2) {
            throw refuse(where, "data_offsets must be [begin, end]", Arrays.toString(offsets));
        }
        checkLength(where, dtype, shape, offsets);
        if (tensors.size() == options.tensors()) {
            throw refuse("header", "must have at most " + options.tensors() + " tensors", "more");
        }
        if (tensors.put(name, new TensorInfo(name, dtype, shape, offsets[0], offsets[1])) != null) {
            throw refuse(where, "names must be unique", "a second one");
        }
    }

    private void checkLength(String where, Dtype dtype, long[] shape, long[] offsets) throws SafeTensorsException {
        if (offsets[1] < offsets[0]) {
            throw refuse(where, "data_offsets must not end before they begin", Arrays.toString(offsets));
        }
        long expected;
        try {
            expected = dtype.byteLength(shape);
        } catch (ArithmeticException e) {
            throw refuse(where, "the number of elements and of bytes must be below 2^63", Arrays.toString(shape));
        }
        if (offsets[1] - offsets[0] != expected) {
            String rule = String.format(
                    Locale.ROOT, "data_offsets must span %d bytes for %s %s", expected, dtype, Arrays.toString(shape));
            throw refuse(where, rule, (offsets[1] - offsets[0]) + " in " + Arrays.toString(offsets));
        }
        if (expected > ArrayBytes.MAX_BYTES) {
            throw refuse(
                    where, "a tensor must have at most " + ArrayBytes.MAX_BYTES + " bytes to be read here", expected);
        }
    }

    private Dtype readDtype(String where) throws IOException {
        expect(JsonToken.VALUE_STRING, where, "dtype must be a string");
        String name = json.getText();
        return Dtype.named(name)
                .orElseThrow(() -> refuse(
                        where, "dtype must be one of " + Arrays.toString(Dtype.values()), MessageText.quote(name)));
    }

    private long[] readNumbers(String where, String field, int most) throws IOException {
        expect(JsonToken.START_ARRAY, where, field + " must be an array");
        long[] numbers = new long[most];
        int count = 0;
        while (json.nextToken() != JsonToken.END_ARRAY) {
            if (count == most) {
                throw refuse(where, field + " must have at most " + most + " numbers", "more");
            }
            // "-0" has the value 0, but its minus is not allowed either.
            if (json.currentToken() != JsonToken.VALUE_NUMBER_INT
                    || json.getNumberType() == JsonParser.NumberType.BIG_INTEGER
                    || json.getText().startsWith("-")) {
                throw refuse(where, field + " must hold integers from 0 to 2^63 - 1", found());
            }
            numbers[count++] = json.getLongValue();
        }
        return Arrays.copyOf(numbers, count);
    }

    /** Sorts by offsets and checks that the tensors cover the data without holes and overlaps. */
    private SafeTensorsHeader inDataOrder(long dataBegin) throws SafeTensorsException {
        List<TensorInfo> sorted = new ArrayList<>(tensors.values());
        sorted.sort(Comparator.comparingLong(TensorInfo::begin).thenComparingLong(TensorInfo::end));
        long position = 0;
        for (TensorInfo tensor : sorted) {
            if (tensor.begin() != position) {
                String kind = tensor.begin() > position ? "a hole: " : "an overlap: ";
                throw refuse(
                        "tensor " + MessageText.quote(tensor.name()),
                        "data must begin at " + position + ", where the data before it ends",
                        kind + tensor.begin());
            }
            position = tensor.end();
        }
        return new SafeTensorsHeader(source, dataBegin, sorted, metadata == null ? Map.of() : metadata);
    }

    private String text(String where) throws IOException {
        String text = json.getText();
        if (!MessageText.isUnicode(text)) {
            throw refuse(
                    where, "names and texts must be valid Unicode", "a lone surrogate in " + MessageText.quote(text));
        }
        return text;
    }

    private void expect(JsonToken token, String where, String rule) throws IOException {
        if (json.nextToken() != token) {
            throw refuse(where, rule, found());
        }
    }

    private String found() throws IOException {
        JsonToken token = json.currentToken();
        if (token == null) {
            return "the end";
        }
        return switch (token) {
            case START_OBJECT, END_OBJECT -> "an object";
            case START_ARRAY, END_ARRAY -> "an array";
            default -> MessageText.quote(json.getText());
        };
    }

    private SafeTensorsException refuse(String where, String rule, Object found) {
        return new SafeTensorsException(source, where, rule, found);
    }

    private static String hex(byte value) {
        return String.format(Locale.ROOT, "byte 0x%02X", value);
    }
}
