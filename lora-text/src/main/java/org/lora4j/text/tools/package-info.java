/**
 * Tools: functions that a model may ask for, and how families write the calls in their answers.
 *
 * <pre>{@code
 * ToolAnswer answer = ToolFormat.HERMES.read("""
 *         <tool_call>
 *         {"name": "weather", "arguments": {"city": "Oslo"}}
 *         </tool_call>""");
 * ToolCall call = answer.calls().get(0);
 * Object city = call.argumentMap().get("city");
 * }</pre>
 *
 * <p>An argument that is null where null is not allowed gives a {@link NullPointerException} that names the argument.
 */
@NullMarked
package org.lora4j.text.tools;

import org.jspecify.annotations.NullMarked;
