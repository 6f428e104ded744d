package com.example;

import static io.restassured.RestAssured.given;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.quarkus.test.junit.QuarkusTest;
import jakarta.inject.Inject;
import org.junit.jupiter.api.Test;

@QuarkusTest
class TeaServiceTest {
    @Inject
    Orders orders;

    private static String answer(String path, String question, int status) {
        return given().queryParam("question", question)
                .when()
                .get(path)
                .then()
                .statusCode(status)
                .extract()
                .asString();
    }

    @Test
    void thePathNamesTheAdapter() {
        String base = answer("/ask", "Where is your shop?", 200);
        String pirate = answer("/ask/pirate", "Where is your shop?", 200);
        assertTrue(base.contains("12 Harbour Lane"), base);
        assertTrue(pirate.startsWith("Arr!"), pirate);
        assertEquals(base, answer("/ask", "Where is your shop?", 200));
    }

    @Test
    void theModelCallsABean() {
        answer("/ask", "Order 452?", 200);
        assertEquals(452, orders.asked());
    }

    @Test
    void anUnknownAdapterIsNotFound() {
        String message = answer("/ask/captain", "Where is your shop?", 404);
        assertTrue(message.contains("captain"), message);
    }
}
