@echo off
rem Starts lora. JDK_JAVA_OPTIONS gives options of the JVM, such as -Xmx12g.
setlocal
set "java=java"
if defined JAVA_HOME set "java=%JAVA_HOME%\bin\java"
"%java%" -jar "%~dp0..\lora-cli.jar" %*
exit /b %ERRORLEVEL%
