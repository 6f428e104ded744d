package com.example;

import dev.langchain4j.exception.InvalidRequestException;
import dev.langchain4j.exception.ModelNotFoundException;
import dev.langchain4j.model.chat.request.ChatRequestParameters;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.QueryParam;
import jakarta.ws.rs.core.MediaType;
import org.jboss.resteasy.reactive.RestPath;
import org.jboss.resteasy.reactive.RestResponse;
import org.jboss.resteasy.reactive.server.ServerExceptionMapper;

/** The path names the adapter: {@code /ask/pirate?question=Where is your shop?}. */
@Path("/ask")
@Produces(MediaType.TEXT_PLAIN)
public class TeaResource {
    private final TeaAssistant assistant;

    TeaResource(TeaAssistant assistant) {
        this.assistant = assistant;
    }

    @GET
    public String ask(@QueryParam("question") String question) {
        return assistant.ask(question, ChatRequestParameters.builder().build());
    }

    @GET
    @Path("/{adapter}")
    public String ask(@RestPath String adapter, @QueryParam("question") String question) {
        return assistant.ask(question, ChatRequestParameters.builder().modelName(adapter).build());
    }

    @ServerExceptionMapper
    RestResponse<String> unknown(ModelNotFoundException e) {
        return RestResponse.status(RestResponse.Status.NOT_FOUND, e.getMessage());
    }

    @ServerExceptionMapper
    RestResponse<String> invalid(InvalidRequestException e) {
        return RestResponse.status(RestResponse.Status.BAD_REQUEST, e.getMessage());
    }
}
