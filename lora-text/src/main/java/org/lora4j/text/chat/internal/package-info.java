/** The templates of chats: a small interpreter of Jinja that knows values and nothing of Java. Not part of the API. */
@NullMarked
package org.lora4j.text.chat.internal;

import org.jspecify.annotations.NullMarked;
