/**
 * Events of the JVM's flight recorder. Not part of the API: any release can change the classes, but the names of the events and their
 * fields are on the page of the service.
 */
@NullMarked
package org.lora4j.internal.events;

import org.jspecify.annotations.NullMarked;
