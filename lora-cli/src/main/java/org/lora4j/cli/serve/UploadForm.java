package org.lora4j.cli.serve;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.eclipse.jetty.http.HttpFields;
import org.eclipse.jetty.http.MultiPart;
import org.eclipse.jetty.io.Content;
import org.jspecify.annotations.Nullable;
import org.lora4j.cli.serve.files.FileUpload;
import org.lora4j.cli.serve.files.StoreException;
import org.lora4j.cli.serve.files.StoredFile;
import org.lora4j.internal.MessageText;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The parts of an upload, in any order. Those of the file are written as they come, and the others are short. What the parser calls must
 * not throw: it would not tell.
 */
final class UploadForm extends MultiPart.AbstractPartsListener implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(UploadForm.class);

    private static final String FILE = "file";
    private static final String PURPOSE = "purpose";
    private static final String ANCHOR = "expires_after[anchor]";
    private static final String SECONDS = "expires_after[seconds]";
    private static final Set<String> FIELDS = Set.of(PURPOSE, ANCHOR, SECONDS);

    /** What files are for in the form of OpenAI. This server trains with those of the first. */
    private static final Set<String> PURPOSES =
            Set.of("fine-tune", "assistants", "batch", "vision", "user_data", "evals");

    private static final int LONGEST_NAME = 255;
    private static final int LONGEST_VALUE = 100;
    private static final long SHORTEST_LIFE = 3_600;
    private static final long LONGEST_LIFE = 2_592_000;

    private final FileUpload upload;
    private final Map<String, String> values = new HashMap<>();
    private final ByteArrayOutputStream value = new ByteArrayOutputStream();
    private @Nullable String filename;
    private @Nullable ApiException problem;
    private boolean isComplete;

    UploadForm(FileUpload upload) {
        this.upload = upload;
    }

    private void refuse(ApiException why) {
        if (problem == null) {
            problem = why;
        }
    }

    /**
     * Checks what came.
     *
     * @throws ApiException if it is wrong
     */
    void requireGood() {
        if (problem != null) {
            throw problem;
        }
    }

    @Override
    public void onPartHeader(String name, String text) {
        super.onPartHeader(name, text);
        if (name.equalsIgnoreCase("Content-Transfer-Encoding")
                && !Set.of("binary", "8bit", "7bit").contains(text.toLowerCase(Locale.ROOT))) {
            refuse(ApiException.of(
                    400,
                    "unsupported_encoding",
                    "Content-Transfer-Encoding of a part must be binary or absent, found " + MessageText.quote(text)));
        }
    }

    @Override
    public void onPartHeaders() {
        value.reset();
        String name = String.valueOf(getName());
        if (name.equals(FILE)) {
            beginFile(getFileName());
        } else if (!FIELDS.contains(name)) {
            refuse(ApiException.unsupported(
                    MessageText.shorten(name),
                    "a part must be file or one of " + new TreeSet<>(FIELDS) + ", found " + MessageText.quote(name)));
        } else if (values.containsKey(name)) {
            refuse(ApiException.field(name, "there once", "two parts of that name"));
        }
    }

    private void beginFile(@Nullable String name) {
        if (filename != null) {
            refuse(ApiException.field(FILE, "there once", "two parts of that name"));
        } else if (name == null || name.isEmpty() || name.length() > LONGEST_NAME || !MessageText.isUnicode(name)) {
            refuse(ApiException.field(
                    FILE,
                    "a part with a filename of 1 to " + LONGEST_NAME + " characters in UTF-8",
                    name == null || name.isEmpty() ? "none" : MessageText.quote(name)));
        } else {
            filename = name;
        }
    }

    @Override
    public void onPartContent(Content.Chunk chunk) {
        if (problem != null) {
            return;
        }
        ByteBuffer bytes = chunk.getByteBuffer();
        if (FILE.equals(getName())) {
            write(bytes);
        } else if (value.size() + bytes.remaining() > LONGEST_VALUE) {
            String name = String.valueOf(getName());
            refuse(ApiException.field(name, "a text of at most " + LONGEST_VALUE + " bytes", "a longer one"));
        } else {
            byte[] part = new byte[bytes.remaining()];
            bytes.get(part);
            value.writeBytes(part);
        }
    }

    private void write(ByteBuffer bytes) {
        try {
            upload.write(bytes);
        } catch (StoreException e) {
            refuse(ApiException.of(e));
        } catch (IOException | RuntimeException e) {
            log.error("an upload could not be written", e);
            refuse(ApiException.internal());
        }
    }

    @Override
    public void onPart(@Nullable String name, @Nullable String unused, HttpFields headers) {
        if (problem == null && name != null && !name.equals(FILE)) {
            values.put(name, text(name));
            if (name.equals(PURPOSE)) {
                requirePurpose();
            }
        }
    }

    private String text(String name) {
        try {
            return StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(ByteBuffer.wrap(value.toByteArray()))
                    .toString();
        } catch (CharacterCodingException e) {
            refuse(ApiException.field(name, "a text in UTF-8", "other bytes"));
            return "";
        }
    }

    /** At once, because the file may come behind. */
    private void requirePurpose() {
        String purpose = values.get(PURPOSE);
        if (purpose == null || !PURPOSES.contains(purpose)) {
            refuse(ApiException.field(
                    PURPOSE,
                    "one of " + new TreeSet<>(PURPOSES),
                    purpose == null ? "nothing" : MessageText.quote(purpose)));
        }
    }

    @Override
    public void onComplete() {
        isComplete = true;
    }

    @Override
    public void onFailure(Throwable failure) {
        refuse(ApiException.of(
                400,
                "broken_form",
                "the body must be multipart/form-data as Content-Type says, found "
                        + MessageText.quote(String.valueOf(failure.getMessage()))));
    }

    /**
     * Checks that all parts came.
     *
     * @throws ApiException if not
     */
    void requireWhole() {
        if (!isComplete) {
            refuse(IncomingBody.broken("one without its last boundary"));
        }
        requirePurpose();
        if (filename == null) {
            refuse(ApiException.field(FILE, "there", "nothing"));
        }
        requireGood();
        if (upload.bytes() == 0) {
            throw ApiException.field(FILE, "a file with at least one byte", "an empty one of 0 bytes");
        }
        Duration unused = life();
    }

    /** How long the file is kept; null for ever. */
    private @Nullable Duration life() {
        String anchor = values.get(ANCHOR);
        String seconds = values.get(SECONDS);
        if (anchor == null && seconds == null) {
            return null;
        }
        if (!"created_at".equals(anchor)) {
            throw ApiException.field(ANCHOR, "created_at", anchor == null ? "nothing" : MessageText.quote(anchor));
        }
        String rule = "a whole number from " + SHORTEST_LIFE + " to " + LONGEST_LIFE;
        if (seconds == null || !seconds.matches("[0-9]{1,9}")) {
            throw ApiException.field(SECONDS, rule, seconds == null ? "nothing" : MessageText.quote(seconds));
        }
        long life = Long.parseLong(seconds);
        if (life < SHORTEST_LIFE || life > LONGEST_LIFE) {
            throw ApiException.field(SECONDS, rule, seconds);
        }
        return Duration.ofSeconds(life);
    }

    /**
     * Puts the file into the store.
     *
     * @throws ApiException if there is no room for it
     * @throws IOException if it cannot be written
     */
    StoredFile finish() throws IOException {
        try {
            return upload.finish(String.valueOf(filename), String.valueOf(values.get(PURPOSE)), life());
        } catch (StoreException e) {
            throw ApiException.of(e);
        }
    }

    /** Gives up what was not finished. */
    @Override
    public void close() {
        upload.close();
    }
}
