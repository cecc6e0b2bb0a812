package org.mailseal

fun hello() = 1
