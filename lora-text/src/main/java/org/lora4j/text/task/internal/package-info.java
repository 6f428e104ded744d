/** How the tasks compute what they need besides a network. */
@NullMarked
package org.lora4j.text.task.internal;

import org.jspecify.annotations.NullMarked;
