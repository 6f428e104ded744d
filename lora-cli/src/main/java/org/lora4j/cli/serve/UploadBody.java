package org.lora4j.cli.serve;

import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.eclipse.jetty.http.MultiPart;
import org.eclipse.jetty.io.Content;

/**
 * A body with a file, which is written to the disk as it comes. It may be large and take long, but not slower than 64 KiB a second after
 * the first minute.
 */
final class UploadBody extends IncomingBody {
    private static final long FIRST_NANOS = TimeUnit.SECONDS.toNanos(60);
    private static final long LEAST_BYTES_PER_SECOND = 64 << 10;
    /** What a form may have beside its file. */
    private static final long OTHER_BYTES = 64 << 10;

    private static final int MOST_PARTS = 16;
    private static final int LONGEST_PART_HEADERS = 8 << 10;

    private final long most;
    private final UploadForm form;
    private final MultiPart.Parser parser;
    private final Runnable atWhole;
    private final Consumer<ApiException> atRefusal;
    private long kept;

    /**
     * Creates a body that was not read yet.
     *
     * @param boundary what is between its parts
     * @param mostOfFile the most bytes of the file
     * @param form takes its parts, and is closed if the body is not taken
     * @param atWhole called once when all parts are there
     * @param atRefusal called once otherwise
     */
    UploadBody(
            Content.Source source,
            String boundary,
            long mostOfFile,
            UploadForm form,
            Runnable atWhole,
            Consumer<ApiException> atRefusal) {
        super(source, null);
        most = mostOfFile + OTHER_BYTES;
        this.form = form;
        this.atWhole = atWhole;
        this.atRefusal = atRefusal;
        parser = new MultiPart.Parser(boundary, form);
        parser.setMaxParts(MOST_PARTS);
        parser.setPartHeadersMaxLength(LONGEST_PART_HEADERS);
    }

    /** How long a client may take to send or to read so many bytes, in nanoseconds, beside a minute. */
    static long nanosFor(long bytes) {
        return TimeUnit.SECONDS.toNanos(bytes / LEAST_BYTES_PER_SECOND);
    }

    @Override
    void keep(Content.Chunk chunk) {
        kept += chunk.remaining();
        parser.parse(chunk);
        form.requireGood();
        // Also what is before the first part and behind the last.
        if (kept > most) {
            throw ApiException.tooLarge("the body of an upload must have at most " + most + " bytes, found more");
        }
    }

    @Override
    void drop() {
        form.close();
    }

    @Override
    void whole() {
        form.requireWhole();
        atWhole.run();
    }

    @Override
    void refused(ApiException why) {
        atRefusal.accept(why);
    }

    @Override
    long patienceNanos(long bytes, long timeout) {
        return FIRST_NANOS + nanosFor(bytes);
    }
}
