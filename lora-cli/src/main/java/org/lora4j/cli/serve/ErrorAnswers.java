package org.lora4j.cli.serve;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import org.eclipse.jetty.http.HttpHeader;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.server.handler.ErrorHandler;
import org.eclipse.jetty.util.Callback;
import org.lora4j.internal.MessageText;

/** The errors that the HTTP server itself finds, such as headers that are too large, in the form of OpenAI's errors. */
final class ErrorAnswers extends ErrorHandler {
    @Override
    public boolean handle(Request request, Response response, Callback callback) {
        int status = request.getAttribute(ERROR_STATUS) instanceof Integer known ? known : 500;
        ApiException error = status < 500
                ? ApiException.of(
                        status,
                        "bad_request",
                        "the request must be one of HTTP/1.1, found " + MessageText.quote(reason(request)))
                : ApiException.internal();
        response.setStatus(status);
        response.getHeaders().put(HttpHeader.CONTENT_TYPE, Answer.JSON);
        byte[] body = error.json().toString().getBytes(StandardCharsets.UTF_8);
        response.write(true, ByteBuffer.wrap(body), callback);
        return true;
    }

    private static String reason(Request request) {
        return request.getAttribute(ERROR_EXCEPTION) instanceof Throwable cause
                ? String.valueOf(cause.getMessage())
                : String.valueOf(request.getAttribute(ERROR_MESSAGE));
    }
}
