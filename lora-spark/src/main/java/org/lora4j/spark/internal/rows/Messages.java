package org.lora4j.spark.internal.rows;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.apache.spark.sql.Row;
import org.jspecify.annotations.Nullable;
import org.lora4j.spark.internal.base.InvalidRowException;
import org.lora4j.text.chat.ChatMessage;
import org.lora4j.text.chat.Conversation;
import scala.collection.Seq;
import scala.jdk.javaapi.CollectionConverters;

/** Turns the messages of a row into a conversation. */
final class Messages {
    private static final String ROLE = "role";
    private static final String CONTENT = "content";

    private Messages() {}

    static Conversation read(List<?> structs) {
        if (structs.isEmpty()) {
            throw new InvalidRowException("messagesCol: a row must have at least one message, found none");
        }
        List<ChatMessage> messages = new ArrayList<>();
        for (Object struct : structs) {
            if (!(struct instanceof Row row)) {
                throw new InvalidRowException(
                        "messagesCol: no message may be null, found one at index " + messages.size());
            }
            messages.add(message(row, messages.size()));
        }
        return new Conversation(messages, List.of());
    }

    private static ChatMessage message(Row row, int index) {
        Map<String, Object> values = map(row);
        Object role = values.remove(ROLE);
        Object content = values.remove(CONTENT);
        if (!(role instanceof String name)) {
            throw new InvalidRowException(
                    "messagesCol: the role of a message must not be null, found null at index " + index);
        }
        if (content == null && !values.containsKey("tool_calls")) {
            throw new InvalidRowException(
                    "messagesCol: the content of a message must not be null, found null at index " + index);
        }
        return new ChatMessage(name, content == null ? null : content.toString(), values);
    }

    /** The fields that are not null, as a chat template sees them. */
    private static Map<String, Object> map(Row row) {
        Map<String, Object> map = new LinkedHashMap<>();
        for (String field : row.schema().fieldNames()) {
            Object value = plain(row.getAs(field));
            if (value != null) {
                map.put(field, value);
            }
        }
        return map;
    }

    private static @Nullable Object plain(@Nullable Object value) {
        if (value instanceof Row row) {
            return map(row);
        }
        if (value instanceof Seq<?> list) {
            List<@Nullable Object> all = new ArrayList<>();
            CollectionConverters.asJava(list).forEach(element -> all.add(plain(element)));
            return all;
        }
        return value;
    }
}
