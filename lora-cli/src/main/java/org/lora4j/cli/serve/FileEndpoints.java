package org.lora4j.cli.serve;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.Set;
import org.lora4j.cli.serve.files.FileStore;
import org.lora4j.cli.serve.files.StoreException;
import org.lora4j.cli.serve.files.StoreLimits;
import org.lora4j.cli.serve.files.StoredFile;
import org.lora4j.internal.MessageText;

/** The files of the clients, in the form of OpenAI. */
final class FileEndpoints {
    private static final String FILES = "/v1/files";
    private static final String ONE = FILES + "/{id}";
    private static final int LONGEST_PAGE = 10_000;

    private final FileStore files;
    private final StoreLimits limits;
    private final ResultFiles results;

    FileEndpoints(FileStore files, StoreLimits limits, ResultFiles results) {
        this.files = files;
        this.limits = limits;
        this.results = results;
    }

    void addTo(Router router) {
        router.add("POST", FILES, new Action.OfUpload(limits.fileBytes(), this::begin, this::end));
        router.add("GET", FILES, new Action.OfPath((call, body) -> list(call)));
        router.add("GET", ONE, new Action.OfPath((call, body) -> call.answer().json(200, json(require(call)))));
        router.add("GET", ONE + "/content", new Action.OfPath((call, body) -> content(call)));
        router.add("DELETE", ONE, new Action.OfPath((call, body) -> delete(call)));
    }

    private UploadForm begin(Call call) throws IOException {
        Client client = call.client();
        client.requireTrains();
        call.query().require(Set.of());
        try {
            StoreLimits.OfOwner own = client.limits().ofFiles(limits.owner());
            return new UploadForm(files.begin(client.owner(), own));
        } catch (StoreException e) {
            throw ApiException.of(e);
        }
    }

    private void end(Call call, UploadForm form) throws IOException {
        call.answer().json(200, json(OnDisk.get(form::finish)));
    }

    private void list(Call call) throws IOException {
        call.client().requireTrains();
        Query query = call.query().require(Set.of("after", "limit", "order", "purpose"));
        boolean isDown = query.word("order", "desc", Set.of("asc", "desc")).equals("desc");
        int limit = query.whole("limit", LONGEST_PAGE, 1, LONGEST_PAGE);
        String after = query.text("after");
        String purpose = query.text("purpose");
        String owner = call.client().owner();
        List<StoredFile> all = new ArrayList<>(files.list(owner));
        all.addAll(results.list(owner));
        all.sort(Comparator.comparing(StoredFile::id));
        List<StoredFile> found = new ArrayList<>();
        for (StoredFile file : all) {
            // Ids have the order of the files, so it does not matter whether this one is still there.
            boolean isBehind = after == null
                    || (isDown ? file.id().compareTo(after) < 0 : file.id().compareTo(after) > 0);
            if (isBehind && (purpose == null || purpose.equals(file.purpose()))) {
                found.add(file);
            }
        }
        if (isDown) {
            Collections.reverse(found);
        }
        call.answer().json(200, ListPage.of(found, limit, FileEndpoints::json).jsonWithIds());
    }

    private StoredFile require(Call call) {
        call.client().requireTrains();
        String id = call.path("id");
        String owner = call.client().owner();
        return files.find(owner, id).or(() -> results.find(owner, id)).orElseThrow(() -> unknown(id));
    }

    private static ApiException unknown(String id) {
        return ApiException.notFound("id", "there is no file " + MessageText.quote(id));
    }

    private void content(Call call) {
        StoredFile file = require(call);
        // What a client uploaded is never a page of this server.
        call.answer().header("Content-Disposition", "attachment");
        call.answer().header("X-Content-Type-Options", "nosniff");
        call.answer()
                .file(
                        "application/octet-stream",
                        results.content(file).orElseGet(() -> files.content(file)),
                        file.bytes());
    }

    private void delete(Call call) throws IOException {
        StoredFile file = require(call);
        String id = file.id();
        if (results.content(file).isPresent()) {
            throw ApiException.of(
                    400, "kept_with_job", "the file must be one that was uploaded, found the metrics of a job");
        }
        if (!OnDisk.get(() -> files.delete(call.client().owner(), id))) {
            throw unknown(id);
        }
        call.answer()
                .json(
                        200,
                        JsonBody.MAPPER
                                .createObjectNode()
                                .put("id", id)
                                .put("object", "file")
                                .put("deleted", true));
    }

    private static ObjectNode json(StoredFile file) {
        Long expires = file.expires();
        ObjectNode node = JsonBody.MAPPER
                .createObjectNode()
                .put("id", file.id())
                .put("object", "file")
                .put("bytes", file.bytes())
                .put("created_at", file.created())
                .put("filename", file.filename())
                .put("purpose", file.purpose())
                .put("status", "processed");
        return expires == null ? node : node.put("expires_at", expires);
    }
}
