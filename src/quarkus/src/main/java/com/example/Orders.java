package com.example;

import dev.langchain4j.agent.tool.P;
import dev.langchain4j.agent.tool.Tool;
import jakarta.inject.Singleton;

/** The orders of the shop. A singleton has no proxy, which would hide the annotations of its methods. */
@Singleton
public class Orders {
    /** Where an order is. */
    public record Status(String status, String arrives) {}

    private volatile int asked;

    @Tool(name = "order_status", value = "Say where an order is.")
    public Status status(@P(name = "order", value = "the number of the order") int order) {
        asked = order;
        return new Status("sent", "Monday");
    }

    /** The order that was asked for last. */
    public int asked() {
        return asked;
    }
}
