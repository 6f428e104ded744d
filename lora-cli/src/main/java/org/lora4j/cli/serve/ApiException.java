package org.lora4j.cli.serve;

import com.fasterxml.jackson.databind.node.ObjectNode;
import org.jspecify.annotations.Nullable;
import org.lora4j.cli.serve.files.StoreException;
import org.lora4j.internal.MessageText;
import org.lora4j.serve.ServingException;

/** A request that is not answered, in the form of OpenAI's errors. All of it is for the client. */
final class ApiException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private static final int BAD_REQUEST = 400;
    private static final int TOO_MANY = 429;
    private static final int FIRST_OF_SERVER = 500;
    private static final int DISK_FULL = 507;

    /** The status of HTTP. */
    private final int status;

    /** The field that is wrong, or null. */
    private final @Nullable String param;

    /** A word for programs, or null. */
    private final @Nullable String code;

    /** Whether the same request can succeed a little later. */
    private final boolean temporary;

    private ApiException(int status, String message, @Nullable String param, @Nullable String code, boolean temporary) {
        super(message);
        this.status = status;
        this.param = param;
        this.code = code;
        this.temporary = temporary;
    }

    /** A request that is wrong as a whole. */
    static ApiException of(int status, String code, String message) {
        return new ApiException(status, message, null, code, false);
    }

    /** A server that has no place for a request, or stops. */
    static ApiException busy(String message) {
        return new ApiException(503, message, null, "service_unavailable", true);
    }

    /** An adapter that has as many requests as it may. */
    static ApiException tooMany(String message) {
        return new ApiException(TOO_MANY, message, null, "rate_limit_exceeded", true);
    }

    /** A body or a file with too many bytes. */
    static ApiException tooLarge(String message) {
        return of(413, "body_too_large", message);
    }

    /** There is nothing of that name, or it is another client's. */
    static ApiException notFound(String param, String message) {
        return new ApiException(404, message, param, "not_found", false);
    }

    /** A file that is not kept. */
    static ApiException of(StoreException e) {
        String message = String.valueOf(e.getMessage());
        return switch (e.reason()) {
            case TOO_LARGE -> tooLarge(message);
            case OWNER_FULL -> of(403, "storage_limit_exceeded", message);
            case OWNER_BUSY -> tooMany(message);
            case BUSY, CLOSED -> busy(message);
            case DISK_FULL -> of(DISK_FULL, "disk_full", message);
        };
    }

    /** A fault that is in the log. */
    static ApiException internal() {
        return new ApiException(FIRST_OF_SERVER, "the request could not be answered", null, "internal_error", false);
    }

    /** A field with a wrong value. */
    static ApiException field(String name, String rule, String found) {
        return field(name, name + " must be " + rule + ", found " + found);
    }

    /** A field with a wrong value, as the message says. */
    static ApiException field(String name, String message) {
        return new ApiException(BAD_REQUEST, message, name, "invalid_value", false);
    }

    /** A field that would change the answer, and that this server does not have. */
    static ApiException unsupported(String name, String message) {
        return new ApiException(BAD_REQUEST, message, name, "unsupported_parameter", false);
    }

    /** There is no such model. */
    static ApiException unknownModel(String name) {
        return new ApiException(
                404, "there is no adapter " + MessageText.quote(name), "model", "model_not_found", false);
    }

    /** What the model did not serve. */
    static ApiException of(ServingException e) {
        ServingException.Reason reason = e.reason();
        String param = reason == ServingException.Reason.UNKNOWN_ADAPTER ? "model" : null;
        String code = switch (reason) {
            case UNKNOWN_ADAPTER -> "model_not_found";
            case INVALID_INPUT -> "invalid_input";
            case ADAPTER_BUSY -> "rate_limit_exceeded";
            case SERVICE_BUSY, CLOSED, ADAPTER_UNAVAILABLE -> "service_unavailable";
            case LATE -> "timeout";
            case CANCELLED -> "cancelled";
            case INTERNAL -> "internal_error";
        };
        return new ApiException(reason.httpStatus(), String.valueOf(e.getMessage()), param, code, reason.isTemporary());
    }

    int status() {
        return status;
    }

    /** Whether clients that ask again by themselves should not, although the server is at fault. */
    boolean isLasting() {
        return status == DISK_FULL;
    }

    boolean isTemporary() {
        return temporary;
    }

    /** The body of the answer. */
    ObjectNode json() {
        ObjectNode all = JsonBody.MAPPER.createObjectNode();
        String type = status >= FIRST_OF_SERVER
                ? "server_error"
                : status == TOO_MANY ? "rate_limit_error" : "invalid_request_error";
        all.putObject("error")
                .put("message", getMessage())
                .put("type", type)
                .put("param", param)
                .put("code", code);
        return all;
    }
}
