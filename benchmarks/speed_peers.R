# R's side of the speed benchmark. Called by benchmarks/estimators.py:
#   Rscript speed_peers.R FOLDER TASK PEER
# It reads the same raw columns as Python, and prints seconds, bytes above what was there before,
# and the number of repeats.

arguments <- commandArgs(trailingOnly = TRUE)
folder <- arguments[1]
task <- arguments[2]
peer <- arguments[3]

read_column <- function(name, what, size, n) {
  readBin(file.path(folder, paste0(name, ".raw")), what = what, n = n, size = size)
}
file_bytes <- function(name) file.info(file.path(folder, paste0(name, ".raw")))$size

n <- file_bytes("exit_days") / 2
days <- as.numeric(read_column("exit_days", "integer", 2, n))
status <- read_column("status", "integer", 1, n)
covariates <- function() {
  columns <- lapply(0:9, function(i) read_column(paste0("x", i), "double", 8, n))
  names(columns) <- paste0("x", 0:9)
  as.data.frame(columns)
}
formula_of <- function(left) as.formula(paste(left, "~", paste0("x", 0:9, collapse = " + ")))

suppressPackageStartupMessages({
  if (peer == "R_cmprsk") library(cmprsk) else library(survival)
})

work <- switch(paste(task, peer),
  "km R_survival" = {
    event <- status > 0
    function() survfit(Surv(days, event) ~ 1)
  },
  "weighted_km R_survival" = {
    event <- status > 0
    weight <- read_column("weight", "double", 8, n)
    function() survfit(Surv(days, event) ~ 1, weights = weight, robust = TRUE)
  },
  "aj R_survival" = {
    state <- factor(status, 0:3)
    function() survfit(Surv(days, state) ~ 1)
  },
  "aj R_cmprsk" = function() cuminc(days, status),
  "log_rank R_survival" = {
    event <- status > 0
    arm <- read_column("arm", "integer", 1, n)
    function() survdiff(Surv(days, event) ~ arm)
  },
  "cox R_survival" = {
    frame <- cbind(covariates(), days = days, event = status == 1)
    function() coxph(formula_of("Surv(days, event)"), frame)
  },
  "weighted_cox R_survival" = {
    frame <- cbind(covariates(), days = days, event = status == 1)
    frame$weight <- read_column("weight", "double", 8, n)
    function() coxph(formula_of("Surv(days, event)"), frame, weights = weight, robust = TRUE)
  },
  "start_stop_cox R_survival" = {
    frame <- cbind(covariates(), days = days, event = status == 1)
    frame$entry <- as.numeric(read_column("entry_days", "integer", 2, n))
    frame$person <- read_column("person", "integer", 4, n)
    function() coxph(formula_of("Surv(entry, days, event)"), frame, cluster = person)
  },
  "fine_gray R_cmprsk" = {
    matrix <- as.matrix(covariates())
    function() crr(days, status, matrix)
  },
  "fine_gray R_survival" = {
    frame <- cbind(covariates(), days = days, state = factor(status, 0:3), id = seq_len(n))
    function() {
      expanded <- finegray(Surv(days, state) ~ ., data = frame, etype = "1", id = id)
      coxph(formula_of("Surv(fgstart, fgstop, fgstatus)"), expanded, weights = fgwt, cluster = id)
    }
  },
  "bootstrap_curve R_survival" = {
    event <- status > 0
    weight <- read_column("weight", "double", 8, n)
    function() {
      for (i in 1:200) {
        copies <- pmax(tabulate(sample.int(n, n, TRUE), n), 1e-9)
        survfit(Surv(days, event) ~ 1, weights = weight * copies, se.fit = FALSE)
      }
    }
  },
  "two_arm_propensity R_survival" = {
    frame <- cbind(covariates(), second = read_column("arm", "integer", 1, n) > 0)
    function() glm(formula_of("second"), binomial, frame)
  }
)

kilobytes <- function(name) {
  lines <- readLines("/proc/self/status")
  as.numeric(gsub("[^0-9]", "", lines[startsWith(lines, paste0(name, ":"))]))
}
invisible(gc())
cat("5", file = "/proc/self/clear_refs")
before <- kilobytes("VmRSS")
seconds <- c()
repeat {
  began <- proc.time()[["elapsed"]]
  invisible(work())
  seconds <- c(seconds, proc.time()[["elapsed"]] - began)
  if (length(seconds) == 1) peak <- kilobytes("VmHWM")
  if (sum(seconds) > 1 || length(seconds) == 7) break
}
cat(min(seconds), 1024 * max(peak - before, 0), length(seconds), "\n")
