@echo off
rem Starts Sluice on Windows: in a source tree it builds when nothing is built yet, in an unpacked
rem distribution (lib beside this file) it only starts. Needs JDK 25 in JAVA_HOME or in PATH.
setlocal
set "root=%~dp0"
set "java=java"
if defined JAVA_HOME if exist "%JAVA_HOME%\bin\java.exe" set "java=%JAVA_HOME%\bin\java.exe"
"%java%" -version 2>&1 | findstr /c:"version \"25" >nul || goto :nojdk
set "lib=%root%lib"
if exist "%lib%" goto :start
set "lib=%root%orchestrator-bridge\target\lib"
if exist "%lib%\.built" goto :start
echo sluice: building, which takes about a minute the first time ... 1>&2
pushd "%root%"
call mvnw.cmd -q -B -ntp -DskipTests -pl orchestrator-bridge -am package 1>&2 || goto :nobuild
popd
echo built > "%lib%\.built"
:start
"%java%" --add-modules=jdk.incubator.vector --enable-native-access=ALL-UNNAMED --sun-misc-unsafe-memory-access=allow ^
  -XX:+UseSerialGC -Xms64m -Xmx1g -Xss2m -Xlog:disable -XX:-UsePerfData ^
  -Dfile.encoding=UTF-8 -cp "%lib%\*" dev.sluice.bridge.cli.Main %*
exit /b %errorlevel%
:nojdk
echo sluice: needs JDK 25, and none was found in JAVA_HOME or PATH. 1>&2
echo sluice: get one from https://adoptium.net or set JAVA_HOME. 1>&2
exit /b 1
:nobuild
popd
echo sluice: the build failed. 1>&2
exit /b 1
