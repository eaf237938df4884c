#!/bin/sh
echo Welcome
