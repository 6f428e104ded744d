package com.example;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.HexFormat;
import java.util.Map;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.Executors;
import java.util.function.Predicate;

/**
 * As much of S3 as {@link SharedAdapters} needs, in the process of the test: objects are put, read, deleted and listed. It answers to requests
 * of a kind with an error if the test wants it.
 */
final class S3Server implements AutoCloseable {
    private final HttpServer server;
    private final Map<String, byte[]> objects = new ConcurrentSkipListMap<>();

    /** Which requests fail: the method, a space and the key. */
    private volatile Predicate<String> fails = request -> false;

    S3Server() throws IOException {
        server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.setExecutor(Executors.newCachedThreadPool(work -> {
            Thread thread = new Thread(work, "s3");
            thread.setDaemon(true);
            return thread;
        }));
        server.createContext("/", this::answer);
        server.start();
    }

    URI address() {
        return URI.create("http://127.0.0.1:" + server.getAddress().getPort());
    }

    void failIf(Predicate<String> requests) {
        fails = requests;
    }

    Map<String, byte[]> objects() {
        return objects;
    }

    private void answer(HttpExchange exchange) throws IOException {
        try (exchange) {
            // The path is /BUCKET/KEY.
            String path = exchange.getRequestURI().getPath().substring(1);
            String key = path.contains("/") ? path.substring(path.indexOf('/') + 1) : "";
            byte[] body = exchange.getRequestBody().readAllBytes();
            String authorization = exchange.getRequestHeaders().getFirst("Authorization");
            if (authorization == null || !authorization.startsWith("AWS4-HMAC-SHA256 Credential=")) {
                send(exchange, 403, "<Error><Code>AccessDenied</Code></Error>".getBytes(StandardCharsets.UTF_8));
            } else if (fails.test(exchange.getRequestMethod() + " " + key)) {
                send(exchange, 500, "<Error><Code>InternalError</Code></Error>".getBytes(StandardCharsets.UTF_8));
            } else {
                answer(exchange, key, body);
            }
        }
    }

    private void answer(HttpExchange exchange, String key, byte[] body) throws IOException {
        switch (exchange.getRequestMethod()) {
            case "PUT" -> {
                objects.put(key, body);
                exchange.getResponseHeaders().set("ETag", etag(body));
                send(exchange, 200, new byte[0]);
            }
            case "DELETE" -> {
                objects.remove(key);
                send(exchange, 204, new byte[0]);
            }
            default -> {
                byte[] content = objects.get(key);
                if (key.isEmpty()) {
                    exchange.getResponseHeaders().set("Content-Type", "application/xml");
                    send(exchange, 200, list(exchange.getRequestURI()).getBytes(StandardCharsets.UTF_8));
                } else if (content == null) {
                    send(exchange, 404, "<Error><Code>NoSuchKey</Code></Error>".getBytes(StandardCharsets.UTF_8));
                } else {
                    exchange.getResponseHeaders().set("ETag", etag(content));
                    send(exchange, 200, content);
                }
            }
        }
    }

    private String list(URI request) {
        String prefix = "";
        for (String parameter : request.getQuery().split("&")) {
            if (parameter.startsWith("prefix=")) {
                prefix = parameter.substring("prefix=".length());
            }
        }
        StringBuilder xml = new StringBuilder("<?xml version=\"1.0\"?><ListBucketResult><IsTruncated>false</IsTruncated>");
        for (Map.Entry<String, byte[]> object : objects.entrySet()) {
            if (object.getKey().startsWith(prefix)) {
                xml.append("<Contents><Key>")
                        .append(object.getKey())
                        .append("</Key><ETag>")
                        .append(etag(object.getValue()).replace("\"", "&quot;"))
                        .append("</ETag><Size>")
                        .append(object.getValue().length)
                        .append("</Size></Contents>");
            }
        }
        return xml.append("</ListBucketResult>").toString();
    }

    private static String etag(byte[] content) {
        try {
            return '"' + HexFormat.of().formatHex(MessageDigest.getInstance("MD5").digest(content)) + '"';
        } catch (java.security.NoSuchAlgorithmException e) {
            throw new IllegalStateException("each JDK must have MD5", e);
        }
    }

    private static void send(HttpExchange exchange, int status, byte[] body) throws IOException {
        exchange.sendResponseHeaders(status, body.length == 0 ? -1 : body.length);
        if (body.length > 0) {
            exchange.getResponseBody().write(body);
        }
    }

    @Override
    public void close() {
        server.stop(0);
    }
}
