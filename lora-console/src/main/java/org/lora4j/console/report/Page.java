package org.lora4j.console.report;

import freemarker.cache.ClassTemplateLoader;
import freemarker.cache.MultiTemplateLoader;
import freemarker.cache.TemplateLoader;
import freemarker.template.Configuration;
import freemarker.template.DefaultObjectWrapper;
import freemarker.template.TemplateException;
import freemarker.template.TemplateExceptionHandler;
import java.io.IOException;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A page of HTML, from a template of FreeMarker. The template finds the macros of {@code parts.ftlh} as {@code parts}, and
 * {@link ReportText} as {@code words}. All values are escaped. In a template, {@code report.name} is a component of a record.
 */
public final class Page {
    private Page() {}

    /**
     * Fills a template.
     *
     * @param beside the class beside which the template is
     * @param template the name of the resource, which ends with {@code .ftlh}
     * @param values the values by name
     * @return the page
     * @throws IllegalArgumentException if the template uses a value that does not exist
     */
    public static String of(Class<?> beside, String template, Map<String, ? extends @Nullable Object> values) {
        StringWriter page = new StringWriter();
        try {
            configuration(beside).getTemplate(template).process(values, page);
        } catch (TemplateException e) {
            throw new IllegalArgumentException(template + ": " + e.getMessageWithoutStackTop(), e);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return page.toString();
    }

    private static Configuration configuration(Class<?> beside) throws TemplateException {
        Configuration configuration = new Configuration(Configuration.VERSION_2_3_34);
        DefaultObjectWrapper wrapper = new DefaultObjectWrapper(Configuration.VERSION_2_3_34);
        configuration.setObjectWrapper(wrapper);
        configuration.setTemplateLoader(new MultiTemplateLoader(
                new TemplateLoader[] {new ClassTemplateLoader(beside, ""), new ClassTemplateLoader(Page.class, "")}));
        configuration.setDefaultEncoding("UTF-8");
        configuration.setLocale(Locale.ROOT);
        configuration.setTemplateExceptionHandler(TemplateExceptionHandler.RETHROW_HANDLER);
        configuration.setLogTemplateExceptions(false);
        configuration.addAutoImport("parts", "parts.ftlh");
        configuration.setSharedVariable("words", wrapper.getStaticModels().get(ReportText.class.getName()));
        return configuration;
    }
}
