/** Conversations: messages, the templates that write them, and what of an answer a client reads. */
@NullMarked
package org.lora4j.text.chat;

import org.jspecify.annotations.NullMarked;
