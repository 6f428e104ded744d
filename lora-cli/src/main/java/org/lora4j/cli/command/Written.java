package org.lora4j.cli.command;

import java.util.Map;

/**
 * What a command wrote.
 *
 * @param output the file or the folder
 * @param numbers what is known of it
 */
record Written(String output, Map<String, Object> numbers) {}
